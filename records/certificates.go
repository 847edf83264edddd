package records

import (
	"context"
	"database/sql"
)

// mostCertificates is many times what is in use at a time: the latest count.
const mostCertificates = 64

// KeepCertificate keeps a certificate that a message of SNS was verified with:
// PEM, the leaf first, by the address that it was fetched from.
func (s *Store) KeepCertificate(ctx context.Context, address string, chain []byte) error {
	return failed("keep certificate", s.db.writeAlone(ctx, func(ctx context.Context, q querier) error {
		_, err := q.exec(ctx, `
			INSERT INTO sns_certificates (address, chain, kept_at) VALUES (?, ?, ?)
			ON CONFLICT (address) DO UPDATE SET chain = excluded.chain, kept_at = excluded.kept_at`,
			address, string(chain), micros(s.now()))
		return err
	}))
}

// Certificates answers the certificates kept last, by their addresses.
func (s *Store) Certificates(ctx context.Context) (map[string][]byte, error) {
	kept := make(map[string][]byte)
	err := each(ctx, s.db.reader(), "SELECT address, chain FROM sns_certificates ORDER BY kept_at DESC, address LIMIT ?", []any{mostCertificates},
		func(r *sql.Rows) error {
			var address string
			var chain []byte
			err := r.Scan(&address, &chain)
			kept[address] = chain
			return err
		})
	return kept, failed("certificates", err)
}
