// Package porttest holds one conformance suite per port: what a workflow may
// rely on, whoever stands behind the port. Fakes and adapters run the same.
package porttest
