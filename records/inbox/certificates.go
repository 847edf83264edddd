package inbox

import (
	"context"
	"database/sql"

	"purser/records/sqldb"
)

// mostCertificates is how many certificates are loaded, latest first. It is far
// more than are in use at a time.
const mostCertificates = 64

// KeepCertificate stores a certificate (PEM, leaf first) that verified a
// message from SNS, under the URL that it was fetched from.
func (s *Store) KeepCertificate(ctx context.Context, address string, chain []byte) error {
	return sqldb.WrapError("keep certificate", s.DB.WriteAlone(ctx, func(ctx context.Context, q sqldb.Querier) error {
		_, err := q.Exec(ctx, `
			INSERT INTO sns_certificates (address, chain, kept_at) VALUES (?, ?, ?)
			ON CONFLICT (address) DO UPDATE SET chain = excluded.chain, kept_at = excluded.kept_at`,
			address, string(chain), sqldb.Micros(s.DB.Now()))
		return err
	}))
}

// Certificates returns the latest certificates, by URL.
func (s *Store) Certificates(ctx context.Context) (map[string][]byte, error) {
	kept := make(map[string][]byte)
	err := sqldb.Each(ctx, s.DB.Reader(), "SELECT address, chain FROM sns_certificates ORDER BY kept_at DESC, address LIMIT ?", []any{mostCertificates},
		func(r *sql.Rows) error {
			var address string
			var chain []byte
			err := r.Scan(&address, &chain)
			kept[address] = chain
			return err
		})
	return kept, sqldb.WrapError("certificates", err)
}
