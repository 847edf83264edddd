package objects

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// pathVariables are environment variables that hold paths. Libraries read them
// at any time, also after the working directory has changed.
var pathVariables = []string{
	"TMPDIR", "ZONEINFO", "SSL_CERT_FILE", "SSL_CERT_DIR",
	"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CA_BUNDLE", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
	"PGSSLROOTCERT", "PGSSLCERT", "PGSSLKEY", "PGPASSFILE", "PGSERVICEFILE",
}

// pathParameters are parameters of a Postgres URL that hold paths.
var pathParameters = []string{"sslrootcert", "sslcert", "sslkey", "passfile", "servicefile"}

// KeepPaths makes relative paths absolute that would mean something else once a
// gateway has changed the working directory: in the environment, and in the URLs
// of databases. Call it before Start, and before anything reads these paths.
func KeepPaths(databases ...*string) error {
	for _, name := range pathVariables {
		was := os.Getenv(name)
		kept, err := absolute(was, name == "SSL_CERT_DIR")
		if err == nil && kept != was {
			err = os.Setenv(name, kept)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	for _, d := range databases {
		u, err := url.Parse(*d)
		if err != nil || u.RawQuery == "" {
			continue // without parameters, or invalid, which is reported when it is opened
		}
		q := u.Query()
		for _, name := range pathParameters {
			was := q.Get(name)
			kept, err := absolute(was, false)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			if kept != was {
				q.Set(name, kept)
				u.RawQuery = q.Encode()
			}
		}
		*d = u.String()
	}
	return nil
}

// absolute returns a path, or a list of paths, made absolute. "system" is not a
// path but Postgres's name for the machine's certificates.
func absolute(path string, list bool) (string, error) {
	if path == "" || path == "system" {
		return path, nil
	}
	if !list {
		return filepath.Abs(path)
	}
	all := filepath.SplitList(path)
	for i, p := range all {
		kept, err := absolute(p, false)
		if err != nil {
			return "", err
		}
		all[i] = kept
	}
	return strings.Join(slices.DeleteFunc(all, func(p string) bool { return p == "" }), string(filepath.ListSeparator)), nil
}
