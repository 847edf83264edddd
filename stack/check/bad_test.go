package check

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"purser/config"
	"purser/postgrestest"
	"purser/records"
	"purser/records/sqldb"
	"purser/sandbox/search"
	"purser/sandbox/ses"
	"purser/workflows"
)

// badCase is a wrong setting and the one line that says so.
type badCase struct {
	name  string
	flags map[string]string // in place of the world's; "" leaves one out
	env   map[string]string
	role  Role
	day   bool // without --live
	setUp func(*world)
	check func(*checker, context.Context) []Line
	line  string // its name, behind the status
	want  string // the line; ADDRESS stands for address
	// address is what differs in each run.
	address string
}

// reference is a provider's name for a request, which differs each time.
var reference = regexp.MustCompile(`\[\w+\]`)

func (w *world) run(t *testing.T, cases []badCase) {
	t.Helper()
	for _, tt := range cases {
		t.Run(tt.line+"/"+tt.name, func(t *testing.T) {
			for name, value := range tt.env {
				t.Setenv(name, value)
			}
			if tt.setUp != nil {
				tt.setUp(w)
			}
			o := w.options
			o.Role, o.Live = tt.role, !tt.day
			got := w.line(t, o, tt.flags, tt.check, tt.line)
			if tt.address != "" {
				got = strings.ReplaceAll(got, tt.address, "ADDRESS")
			}
			if got = reference.ReplaceAllString(got, "[REF]"); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// silent is an address of this machine at which nothing listens.
const silent = "127.0.0.1:1"

// TestBadStores: each wrong setting of the database, of Temporal, of the bucket
// and of the search gives one line that says what is wrong and what to do.
func TestBadStores(t *testing.T) {
	w := newWorld(t)
	database := w.flags["database-url"]
	server := hostOf(database)
	empty, newer, older := postgrestest.Database(t), aged(t, 99), aged(t, 11)
	tlsCluster := encrypted(t)
	name := func(url string) string { return url[strings.LastIndex(url, "/")+1 : len(url)-len(afterQuery(url))] }
	w.run(t, []badCase{
		{name: "empty", check: (*checker).database, line: "database", flags: map[string]string{"database-url": empty}, address: server + "/" + name(empty), want: "ok database: Postgres at ADDRESS, empty: the first start creates the schema, version 12"},
		{name: "older", check: (*checker).database, line: "database", flags: map[string]string{"database-url": older}, address: server + "/" + name(older), want: "warning database: Postgres at ADDRESS has schema version 11: the next start upgrades it to 12, and older builds refuse it then: back it up first"},
		{name: "newer", check: (*checker).database, line: "database", flags: map[string]string{"database-url": newer}, want: "problem database: records: the schema has version 99, and this build knows versions up to 12: a newer build has upgraded it; start that build, or restore a backup from before"},
		{name: "not set", check: (*checker).database, line: "database", role: API, flags: map[string]string{"database-url": ""}, want: "problem database: DATABASE_URL is not set: set it to the Postgres that all roles share: a SQLite file serves one process alone"},
		{name: "nothing listens", check: (*checker).database, line: "database", flags: map[string]string{"database-url": "postgres://u@" + silent + "/shop"}, want: "problem database: no postgres can be reached at 127.0.0.1:1: start it, or set DATABASE_URL: failed to connect to `user=u database=shop`:; 127.0.0.1:1 (127.0.0.1): dial error: dial tcp 127.0.0.1:1: connect: connection refused"},
		{name: "a file", check: (*checker).database, line: "database", role: Up, flags: map[string]string{"database-url": "", "data": "/nowhere"}, want: "ok database: SQLite file /nowhere/record.db, empty: the first start creates the schema, version 12"},

		{name: "nothing listens", check: (*checker).temporal, line: "Temporal", flags: map[string]string{"temporal-address": silent}, want: "problem Temporal: no Temporal server can be reached at 127.0.0.1:1: start it, or set TEMPORAL_ADDRESS: dial tcp 127.0.0.1:1: connect: connection refused"},
		{name: "no such namespace", check: (*checker).temporal, line: "Temporal", flags: map[string]string{"temporal-namespace": "shpo"}, address: w.flags["temporal-address"], want: `problem Temporal: temporal at ADDRESS has no namespace "shpo": create it (temporal operator namespace create --namespace "shpo"), or set TEMPORAL_NAMESPACE`},
		{name: "missing certificate", check: (*checker).temporal, line: "Temporal", flags: map[string]string{"temporal-tls-server-ca-cert-path": "/never.pem"}, want: "problem Temporal: TEMPORAL_TLS_SERVER_CA_CERT_PATH: open /never.pem: no such file or directory"},
		{name: "wrong certificate", check: (*checker).temporal, line: "Temporal", flags: map[string]string{"temporal-address": tlsCluster, "temporal-tls": "true"}, address: tlsCluster, want: "problem Temporal: the certificate of Temporal at ADDRESS is signed by an authority that this machine does not trust: set TEMPORAL_TLS_SERVER_CA_CERT_PATH to the authority's certificate: tls: failed to verify certificate: x509: certificate signed by unknown authority"},
		{name: "no TLS here", check: (*checker).temporal, line: "Temporal", flags: map[string]string{"temporal-address": tlsCluster}, address: tlsCluster, want: "problem Temporal: temporal at ADDRESS wants TLS: set TEMPORAL_TLS=true, and TEMPORAL_TLS_SERVER_CA_CERT_PATH if its certificate has an authority of your own"},
		{name: "missing", check: (*checker).temporal, line: "search attributes", flags: map[string]string{"temporal-address": cluster{retention: month}.serve(t)}, want: "warning search attributes: the namespace lacks CaseKind, CaseStatus, Deadline, OrderStatus, WaitingOn, which the first start adds if it may: temporal operator search-attribute create --namespace shop --name CaseKind --type Keyword --name CaseStatus --type Keyword --name Deadline --type Datetime --name OrderStatus --type Keyword --name WaitingOn --type Keyword"},
		{name: "a day", check: (*checker).temporal, line: "retention", flags: map[string]string{"temporal-address": cluster{has: workflows.SearchAttributes(), retention: 24 * time.Hour}.serve(t)}, want: "problem retention: histories are kept for 24 h, and an order may wait for 336 h: temporal operator namespace update --namespace shop --retention 720h"},
		{name: "two weeks", check: (*checker).temporal, line: "retention", flags: map[string]string{"temporal-address": cluster{has: workflows.SearchAttributes(), retention: 336 * time.Hour}.serve(t)}, want: "warning retention: histories are kept for 336 h: refunds and disputes come later: temporal operator namespace update --namespace shop --retention 720h"},
		{name: "not known", check: (*checker).temporal, line: "retention", flags: map[string]string{"temporal-address": cluster{has: workflows.SearchAttributes(), closed: true}.serve(t)}, want: "warning retention: not checked: this process may not describe the namespace"},

		{name: "no such bucket", check: (*checker).bucket, line: "bucket", flags: map[string]string{"s3-bucket": "pursr"}, address: store, want: `problem bucket: there is no bucket "pursr" at ADDRESS: create it, or set S3_BUCKET: s3: list: provider denies access (HTTP 404): NoSuchBucket [REF]`},
		{name: "wrong key", check: (*checker).bucket, line: "bucket", env: map[string]string{"AWS_SECRET_ACCESS_KEY": "wrong"}, address: store, want: `problem bucket: the store at ADDRESS refuses the bucket "purser-images": check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: s3: list: provider denies access (HTTP 403): SignatureDoesNotMatch [REF]`},
		{name: "no key", check: (*checker).bucket, line: "bucket", env: map[string]string{"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, want: "problem bucket: no AWS credentials were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give this machine a role"},
		{name: "nothing listens", check: (*checker).bucket, line: "bucket", flags: map[string]string{"s3-endpoint": "http://" + silent}, want: "problem bucket: the store at http://127.0.0.1:1 cannot be reached: dial tcp 127.0.0.1:1: connect: connection refused: start it, or set S3_ENDPOINT"},
		{name: "may not write", check: (*checker).bucket, line: "bucket", setUp: refusing("PUT /purser-images/quarantine"), want: `problem bucket: the bucket "purser-images" refuses to put a file: s3: put: provider denies access (HTTP 403): AccessDenied [REF]: give its keys the right to s3:PutObject`},
		{name: "may not copy", check: (*checker).bucket, line: "bucket", setUp: refusing("PUT /purser-images/originals"), want: `problem bucket: the bucket "purser-images" refuses to copy a file: s3: copy: provider denies access (HTTP 403): AccessDenied [REF]: give its keys the right to s3:PutObject and s3:GetObject`},
		{name: "may not delete", check: (*checker).bucket, line: "bucket", setUp: refusing("DELETE"), want: `problem bucket: the bucket "purser-images" refuses to delete a file: s3: delete: provider denies access (HTTP 403): AccessDenied [REF]: give its keys the right to s3:DeleteObject`},
		{name: "may not publish", check: (*checker).bucket, line: "bucket", setUp: refusing("PUT /purser-images/images"), want: `problem bucket: the bucket "purser-images" refuses to put a file: s3: put: provider denies access (HTTP 403): AccessDenied [REF]: give its keys the right to s3:PutObject`},
		{name: "sandbox", check: (*checker).bucket, line: "bucket", setUp: refusing(""), flags: map[string]string{"s3-bucket": "", "s3-region": "", "s3-endpoint": ""}, want: "problem bucket: the sandbox plays S3: set S3_BUCKET and S3_REGION"},

		{name: "wrong admin key", check: (*checker).search, line: "search", flags: map[string]string{"meilisearch-admin-key": "wrong"}, address: hostOf(w.flags["meilisearch-url"]), want: "problem search: Meilisearch at ADDRESS refuses MEILISEARCH_ADMIN_KEY: meilisearch: look at the index: provider denies access (HTTP 403): invalid_api_key: set a key for documents, settings, indexes, tasks and stats"},
		{name: "wrong search key", check: (*checker).search, line: "search", flags: map[string]string{"meilisearch-search-key": "wrong"}, address: hostOf(w.flags["meilisearch-url"]), want: "problem search: Meilisearch at ADDRESS refuses MEILISEARCH_SEARCH_KEY: meilisearch: search: provider denies access (HTTP 403): invalid_api_key: set a key for searches"},
		{name: "a key for everything", check: (*checker).search, line: "search", flags: map[string]string{"meilisearch-admin-key": masterKey, "meilisearch-search-key": search.AdminKey(masterKey)}, address: hostOf(w.flags["meilisearch-url"]), want: "warning search: Meilisearch at ADDRESS: MEILISEARCH_SEARCH_KEY may do more than search: set a key for searches alone"},
		{name: "nothing listens", check: (*checker).search, line: "search", flags: map[string]string{"meilisearch-url": "http://" + silent}, want: "problem search: Meilisearch at 127.0.0.1:1 cannot be used: dial tcp 127.0.0.1:1: connect: connection refused: start it, or set MEILISEARCH_URL"},
	})
}

func afterQuery(url string) string {
	_, query, found := strings.Cut(url, "?")
	if !found {
		return ""
	}
	return "?" + query
}

// refusing returns a set-up by which the store refuses such requests.
func refusing(requests string) func(*world) { return func(*world) { refuses.Store(requests) } }

// aged returns a database whose schema has another version than this build's.
func aged(t *testing.T, version int64) string {
	t.Helper()
	url := postgrestest.Database(t)
	db, err := records.OpenDB(t.Context(), url, records.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.Write(t.Context(), func(ctx context.Context, q sqldb.Querier) error {
		if version > 12 {
			_, err := q.Exec(ctx, "INSERT INTO record_schema (version_id, is_applied) VALUES (?, TRUE)", version)
			return err
		}
		_, err := q.Exec(ctx, "DELETE FROM record_schema WHERE version_id > ?", version)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return url
}

// encrypted starts a cluster with a certificate that no system trusts.
func encrypted(t *testing.T) string {
	t.Helper()
	borrowed := httptest.NewUnstartedServer(http.NotFoundHandler())
	borrowed.StartTLS()
	defer borrowed.Close()
	conf := &tls.Config{Certificates: borrowed.TLS.Certificates, NextProtos: []string{"h2"}}
	return cluster{has: workflows.SearchAttributes(), retention: month}.serve(t, grpc.Creds(credentials.NewTLS(conf)))
}

// TestBadProviders: each wrong setting of a provider gives one line that says what is
// wrong and what to do.
func TestBadProviders(t *testing.T) {
	w := newWorld(t)
	relay := w.flags["smtp-url"]
	carrierHost := hostOf(w.flags["carrier-url"])
	mailFlags := map[string]string{"mail-providers": "smtp", "ses-region": "", "ses-topic-arns": ""}
	with := func(more map[string]string) map[string]string {
		all := map[string]string{}
		for _, m := range []map[string]string{mailFlags, more} {
			for k, v := range m {
				all[k] = v
			}
		}
		return all
	}
	w.run(t, []badCase{
		{name: "test key", check: (*checker).stripe, line: "Stripe", flags: map[string]string{"stripe-key": "sk_test_1"}, want: "problem Stripe: STRIPE_SECRET_KEY is no live key, so nobody really pays: set one that begins with rk_live_ or sk_live_"},
		{name: "wrong key", check: (*checker).stripe, line: "Stripe", flags: map[string]string{"stripe-key": "sk_live_other"}, want: "problem Stripe: Stripe refuses STRIPE_SECRET_KEY: stripe: list events: provider denies access (HTTP 401): invalid_request_error [REF]: check the key and, if it is a restricted one, its permissions"},
		{name: "no network", check: (*checker).stripe, line: "Stripe", setUp: func(w *world) { w.options.StripeURL = "http://" + silent }, want: "problem Stripe: not checked: no response from Stripe: dial tcp 127.0.0.1:1: connect: connection refused"},
		{name: "no network, before it is live", check: (*checker).stripe, line: "Stripe", day: true, want: "warning Stripe: not checked: no response from Stripe: dial tcp 127.0.0.1:1: connect: connection refused"},
		{name: "sandbox", check: (*checker).stripe, line: "Stripe", flags: map[string]string{"stripe-key": "", "stripe-webhook-secrets": ""}, want: "problem Stripe: the sandbox plays Stripe: set STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRETS"},
		{name: "sandbox, before it is live", check: (*checker).stripe, line: "Stripe", day: true, flags: map[string]string{"stripe-key": "", "stripe-webhook-secrets": ""}, want: "ok Stripe: the sandbox plays Stripe"},
		{name: "the key instead", check: (*checker).stripe, line: "Stripe webhooks", flags: map[string]string{"stripe-webhook-secrets": "sk_live_1"}, want: "problem Stripe webhooks: STRIPE_WEBHOOK_SECRETS has one that is no secret of Stripe: copy that of the endpoint, which begins with whsec_"},

		{name: "wrong key", check: (*checker).carrier, line: "carrier", flags: map[string]string{"carrier-key": "wrong"}, address: carrierHost, want: "problem carrier: the carrier at ADDRESS refuses CARRIER_KEY: carrier: track parcel: provider denies access (HTTP 401): unauthorized: check the key"},
		{name: "nothing listens", check: (*checker).carrier, line: "carrier", flags: map[string]string{"carrier-url": "http://" + silent}, want: "problem carrier: the carrier at 127.0.0.1:1 cannot be reached: dial tcp 127.0.0.1:1: connect: connection refused: check CARRIER_URL"},
		{name: "made up", check: (*checker).carrier, line: "carrier webhooks", flags: map[string]string{"carrier-webhook-secrets": "changeme"}, want: "problem carrier webhooks: CARRIER_WEBHOOK_SECRETS has one that is not random: agree on another with the carrier (openssl rand -hex 32)"},

		{name: "wrong password", check: (*checker).mail, line: "mail", flags: with(map[string]string{"smtp-url": strings.Replace(relay, "right", "wrong", 1)}), want: `problem mail: the relay "smtp" refuses this process: smtp: ping: provider denies access: 535 5.7.8: check user and password in SMTP_URL`},
		{name: "nothing listens", check: (*checker).mail, line: "mail", flags: with(map[string]string{"smtp-url": "smtp://u:p@" + silent + "?tls=none"}), want: `problem mail: the relay "smtp" cannot be reached: dial tcp 127.0.0.1:1: connect: connection refused: check SMTP_URL`},
		{name: "no feedback", check: (*checker).mail, line: "mail feedback", flags: with(map[string]string{"mail-webhook-secrets": ""}), want: "warning mail feedback: MAIL_WEBHOOK_SECRETS is not set, so bounces and complaints of relays are not noticed: have the relay report them to /webhooks/mail"},
		{name: "no topic", check: (*checker).mail, line: "mail feedback", flags: map[string]string{"ses-topic-arns": "", "mail-providers": "ses"}, want: "problem mail feedback: SES_TOPIC_ARNS is not set, so bounces and complaints are not noticed: publish the configuration set's events to an SNS topic, and subscribe /webhooks/ses to it"},
		{name: "default", check: (*checker).mail, line: "sender", flags: with(map[string]string{"mail-from": ""}), want: `problem sender: mails come from "shop.example", which is no domain of a shop: set PURSER_MAIL_FROM`},
		{name: "wrong keys", check: (*checker).mail, line: "mail", flags: map[string]string{"mail-providers": "ses"}, env: map[string]string{"AWS_SECRET_ACCESS_KEY": "wrong"}, want: "problem mail: SES in eu-central-1 refuses this process: ses: get account: provider denies access (HTTP 403): InvalidSignatureException: check the AWS credentials, and that they may use ses:GetAccount, ses:GetEmailIdentity and ses:SendEmail"},
		{name: "no keys", check: (*checker).mail, line: "mail", flags: map[string]string{"mail-providers": "ses"}, env: map[string]string{"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, want: "problem mail: SES in eu-central-1: no AWS credentials were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give this machine a role"},
		{name: "no network", check: (*checker).mail, line: "mail", flags: map[string]string{"mail-providers": "ses"}, env: map[string]string{"AWS_ENDPOINT_URL_SESV2": "http://" + silent}, want: "warning mail: not checked: no response from SES in eu-central-1: dial tcp 127.0.0.1:1: connect: connection refused"},
		{name: "not verified", check: (*checker).mail, line: "mail", flags: map[string]string{"mail-providers": "ses"}, setUp: func(w *world) {
			w.ses.SetIdentities(map[string]ses.Identity{"kontor.shop": {Status: "PENDING"}})
		}, want: "problem mail: SES in eu-central-1 may not send as kontor.shop: the identity is PENDING: verify the domain at SES"},
		{name: "restricted", check: (*checker).mail, line: "mail", flags: map[string]string{"mail-providers": "ses"}, env: map[string]string{"AWS_ENDPOINT_URL_SESV2": restricted(t)}, want: "problem mail: SES in eu-central-1 sends to verified addresses only, because the account is in Amazon's sandbox: request production access at SES"},

		{name: "no SPF", check: (*checker).mail, line: "SPF", flags: with(map[string]string{"mail-from": "Shop <a@bare.shop>"}), want: `warning SPF: bare.shop has no SPF record, so receivers may take the shop's mail for spam: publish the TXT record bare.shop "v=spf1 include:<your relay's domain> ~all"`},
		{name: "two", check: (*checker).mail, line: "SPF", flags: with(map[string]string{"mail-from": "Shop <a@twice.shop>"}), setUp: func(w *world) {
			w.options.Resolver = zone{texts: map[string][]string{"twice.shop.": {"v=spf1 -all", "v=spf1 a ~all", "v=spf10"}, "_dmarc.shop.": {"v=DMARC1; p=none"}, "_dmarc.mail.kontor.shop.": {"v=DMARC12"}, "_dmarc.kontor.shop.": {"v=DMARC1; p=none"}}}.serve(t)
		}, want: "warning SPF: twice.shop has 2 SPF records, of which receivers use none: join them to one"},
		{name: "none", check: (*checker).mail, line: "DMARC", flags: with(map[string]string{"mail-from": "Shop <a@twice.shop>"}), want: `warning DMARC: twice.shop has no DMARC record, which large mail services want of a shop: publish the TXT record _dmarc.twice.shop "v=DMARC1; p=none"`},
		{name: "of the domain above", check: (*checker).mail, line: "DMARC", flags: with(map[string]string{"mail-from": "Shop <a@mail.kontor.shop>"}), want: "ok DMARC: v=DMARC1; p=none"},
		{name: "a relay's", check: (*checker).mail, line: "DKIM", flags: mailFlags, want: "warning DKIM: not checked: only the relay knows under which name its key is"},
	})
}

// restricted starts an SES whose account may not send to everybody.
func restricted(t *testing.T) string {
	t.Helper()
	s, err := ses.New(ses.Config{AccessKey: accessKey, SecretKey: secretKey, Restricted: true})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(s.Handler())
	t.Cleanup(srv.Close)
	return srv.URL
}

// TestBadSettings: each wrong setting of this machine gives one line that says what is
// wrong and what to do.
func TestBadSettings(t *testing.T) {
	w := newWorld(t)
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	go func() { // a program that is no role of Purser
		for conn, err := busy.Accept(); err == nil; conn, err = busy.Accept() {
			_ = conn.Close()
		}
	}()
	none := func(*checker, context.Context) []Line { return nil }
	data := filepath.Join(t.TempDir(), "new", "data")
	w.run(t, []badCase{
		{name: "not set", check: none, line: "vault key", role: API, flags: map[string]string{"vault-key": "", "data": data}, want: "problem vault key: PURSER_VAULT_KEY is not set: make one with 'openssl rand -hex 32', the same for all roles"},
		{name: "not set, but made", check: none, line: "vault key", role: Up, flags: map[string]string{"vault-key": "", "data": data}, address: data, want: "ok vault key: the first start makes one in ADDRESS"},
		{name: "zeros", check: none, line: "vault key", flags: map[string]string{"vault-key": strings.Repeat("0", 64)}, want: "problem vault key: PURSER_VAULT_KEY is not random: make one with 'openssl rand -hex 32', the same for all roles"},
		{name: "in use", check: (*checker).ports, line: "port", flags: map[string]string{"listen": busy.Addr().String()}, address: busy.Addr().String(), want: "problem port: another program listens on ADDRESS: stop it, or choose another with --listen"},
		{name: "of the embedded engine", check: (*checker).ports, line: "Temporal port", role: Up, flags: map[string]string{"temporal-port": portOf(busy), "data": data}, address: busy.Addr().String(), want: "problem Temporal port: another program listens on ADDRESS: stop it, or choose another with --temporal-port"},
		{name: "free", check: (*checker).ports, line: "port", want: "ok port: 127.0.0.1:0 is free"},
		{name: "a file", check: (*checker).data, line: "data", role: Sandbox, flags: map[string]string{"data": "/dev/null/data"}, want: "problem data: /dev/null/data cannot be written: stat /dev/null/data: not a directory: set PURSER_DATA to a directory of this user"},
		{name: "yet to be made", check: (*checker).data, line: "data", role: Up, flags: map[string]string{"data": data}, address: data, want: "ok data: ADDRESS"},
		{name: "not set", check: (*checker).apiKeys, line: "API keys", flags: map[string]string{"api-keys": ""}, want: "problem API keys: PURSER_API_KEYS is not set: set it to name:role:secret,… with one of role shop for the shop's backend"},
		{name: "from a document", check: (*checker).apiKeys, line: "API keys", flags: map[string]string{"api-keys": "web:shop:0123456789abcdef"}, want: "problem API keys: the secret of web in PURSER_API_KEYS is not random: make one with 'openssl rand -hex 32'"},
		{name: "from a document, before it is live", check: (*checker).apiKeys, line: "API keys", day: true, flags: map[string]string{"api-keys": "web:shop:0123456789abcdef,"}, want: "ok API keys: web (shop)"},
		{name: "a worker has none", check: (*checker).apiKeys, line: "API keys", role: Worker, flags: map[string]string{"api-keys": ""}, want: ""},
		{name: "real keys beside it", check: (*checker).sandboxAlone, line: "sandbox", role: Sandbox, want: "problem sandbox: STRIPE_SECRET_KEY is set: the sandbox does not run beside a real provider's settings: start it without them, or do not start it"},
		{name: "still set", check: (*checker).sandbox, line: "sandbox", flags: map[string]string{"sandbox-url": "http://sandbox:8090"}, want: "problem sandbox: PURSER_SANDBOX_URL is set: remove it: customers must not meet a stand-in"},
		{name: "none", check: (*checker).sandbox, line: "sandbox", day: true, flags: map[string]string{"carrier-url": "", "carrier-key": "", "carrier-webhook-secrets": ""}, want: "problem sandbox: nothing plays Carrier: configure them, or set PURSER_SANDBOX_URL to the address of 'purser sandbox'"},
		{name: "nothing listens", check: (*checker).sandbox, line: "sandbox", day: true, flags: map[string]string{"carrier-url": "", "carrier-key": "", "carrier-webhook-secrets": "", "sandbox-url": "http://" + silent}, want: `problem sandbox: no sandbox can be reached at http://127.0.0.1:1: start 'purser sandbox', or set PURSER_SANDBOX_URL: Get "http://127.0.0.1:1/sandbox/installation": dial tcp 127.0.0.1:1: connect: connection refused`},
	})
}

func portOf(l net.Listener) string {
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// TestRoleOf: a process alone keeps its record in a file.
func TestRoleOf(t *testing.T) {
	for want, cfg := range map[Role]config.Config{Up: {}, Fleet: {DatabaseURL: "postgres://db/shop"}} {
		if got := RoleOf(&cfg); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
