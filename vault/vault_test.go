package vault_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"purser/vault"
)

// TestVault (PAY-6, SEC-10): the client secret is stored encrypted.
func TestVault(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys", "vault.key")
	v, err := vault.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := v.Seal("ord_a", "pi_1_secret_2")
	if err != nil || strings.Contains(sealed, "secret") {
		t.Fatalf("Seal = %q, %v", sealed, err)
	}
	again, err := vault.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := again.Unseal("ord_a", sealed); err != nil || got != "pi_1_secret_2" {
		t.Errorf("Unseal after reopening = %q, %v", got, err)
	}
	other, err := vault.Open(filepath.Join(t.TempDir(), "other.key"))
	if err != nil {
		t.Fatal(err)
	}
	for name, open := range map[string]func() (string, error){
		"another order":        func() (string, error) { return v.Unseal("ord_b", sealed) },
		"another installation": func() (string, error) { return other.Unseal("ord_a", sealed) },
		"changed":              func() (string, error) { return v.Unseal("ord_a", "A"+sealed[1:]+"A") },
		"too short":            func() (string, error) { return v.Unseal("ord_a", "AAAA") },
		"not base64":           func() (string, error) { return v.Unseal("ord_a", "???") },
	} {
		if got, err := open(); !errors.Is(err, vault.ErrSealed) || got != "" {
			t.Errorf("%s: Unseal = %q, %v; want ErrSealed", name, got, err)
		}
	}
	if _, err := vault.New("abc"); err == nil {
		t.Error("New took a short key")
	}
}
