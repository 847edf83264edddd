package check

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"purser/config"
	"purser/stack"
)

// senderRecords looks up what receivers of mail look up about the sender's domain.
func (c *checker) senderRecords(ctx context.Context, providers []stack.MailProvider) []Line {
	d := c.domain()
	if !ownDomain(d) || len(providers) == 0 {
		return nil
	}
	return []Line{c.spf(ctx, d), c.dkim(providers), c.dmarc(ctx, d)}
}

// texts returns the TXT records of a name that begin with a version tag.
func (c *checker) texts(ctx context.Context, name, version string) (found []string, err error) {
	all, err := c.Resolver.LookupTXT(ctx, name+".")
	var missing *net.DNSError
	if errors.As(err, &missing) && missing.IsNotFound {
		return nil, nil
	}
	for _, text := range all {
		if rest, ok := strings.CutPrefix(strings.ToLower(text), version); ok && (rest == "" || strings.HasPrefix(rest, " ") || strings.HasPrefix(rest, ";")) {
			found = append(found, text)
		}
	}
	return found, err
}

// spf looks for the record of the servers that may send for the domain.
func (c *checker) spf(ctx context.Context, domain string) Line {
	const name = "SPF"
	includes := "include:<your relay's domain>"
	if slices.Contains(c.cfg.Routes(), config.RouteSES) {
		includes = "include:amazonses.com"
	}
	found, err := c.texts(ctx, domain, "v=spf1")
	switch {
	case err != nil:
		return notChecked(name, false, cause(err))
	case len(found) == 0:
		return warning(name, domain+" has no SPF record, so receivers may take the shop's mail for spam", fmt.Sprintf(`publish the TXT record %s "v=spf1 %s ~all"`, domain, includes))
	case len(found) > 1:
		return warning(name, fmt.Sprintf("%s has %d SPF records, of which receivers use none", domain, len(found)), "join them to one")
	}
	return ok(name, found[0])
}

// dkim asks SES, which knows under which names its keys are. A relay's are not known.
func (c *checker) dkim(providers []stack.MailProvider) Line {
	const name = "DKIM"
	for _, p := range providers {
		if p.SES == nil {
			continue
		}
		_, state, known := strings.Cut(p.SES.Status, "DKIM ")
		switch {
		case p.Err != nil:
			return notChecked(name, false, "SES does not say")
		case !known || state != "SUCCESS":
			return warning(name, "SES does not sign the mails of "+c.domain()+" with its keys: "+p.SES.Status, "publish the CNAME records that SES shows for the domain")
		default:
			return ok(name, "SES signs the mails of "+c.domain())
		}
	}
	return notChecked(name, false, "only the relay knows under which name its key is")
}

// dmarc looks for the policy of the domain or of one above it.
func (c *checker) dmarc(ctx context.Context, domain string) Line {
	const name = "DMARC"
	for d := domain; strings.Contains(d, "."); _, d, _ = strings.Cut(d, ".") {
		found, err := c.texts(ctx, "_dmarc."+d, "v=dmarc1")
		switch {
		case err != nil:
			return notChecked(name, false, cause(err))
		case len(found) > 1:
			return warning(name, fmt.Sprintf("_dmarc.%s has %d DMARC records, of which receivers use none", d, len(found)), "keep one")
		case len(found) == 1:
			return ok(name, found[0])
		}
	}
	return warning(name, domain+" has no DMARC record, which large mail services want of a shop", fmt.Sprintf(`publish the TXT record _dmarc.%s "v=DMARC1; p=none"`, domain))
}
