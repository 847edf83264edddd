// Package vault encrypts secrets that are stored: in workflow histories, in the
// record and in logs.
package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"purser/order"
)

// keySize is the size of an AES-256 key, in bytes.
const keySize = 32

// ErrSealed means that a sealed secret cannot be opened: it was changed, or
// sealed by another installation or for another order.
var ErrSealed = errors.New("the sealed secret cannot be opened")

// Vault seals secrets with one key.
type Vault struct {
	aead cipher.AEAD
	key  []byte
}

// New returns a vault with a key of 64 hexadecimal digits.
func New(hexKey string) (*Vault, error) {
	key, err := hex.DecodeString(strings.TrimSpace(hexKey))
	if err != nil || len(key) != keySize {
		return nil, fmt.Errorf("vault key: want %d hexadecimal digits", 2*keySize)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	return &Vault{aead, key}, err
}

// Derive returns a secret for a purpose, which is always the same for a key.
func (v *Vault) Derive(purpose string) string {
	h := hmac.New(sha256.New, v.key)
	h.Write([]byte(purpose))
	return hex.EncodeToString(h.Sum(nil))
}

// Open returns a vault with the key in a file. It creates the key if the file
// does not exist.
func Open(path string) (*Vault, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		if err = makeKey(path); err == nil {
			b, err = os.ReadFile(path)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("vault key: %w", err)
	}
	return New(string(b))
}

// makeKey writes a new key completely and durably, or not at all. It keeps a key
// that another process has written in the meantime.
func makeKey(path string) error {
	key := make([]byte, keySize)
	_, _ = rand.Read(key) // never fails
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".vault-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.WriteString(hex.EncodeToString(key) + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		if err = os.Link(f.Name(), path); errors.Is(err, os.ErrExist) {
			err = nil
		}
	}
	return errors.Join(err, os.Remove(f.Name()))
}

// Seal encrypts a secret and binds it to its order.
func (v *Vault) Seal(id order.ID, secret string) (string, error) {
	if secret == "" {
		return "", nil
	}
	nonce := make([]byte, v.aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails
	return base64.RawURLEncoding.EncodeToString(v.aead.Seal(nonce, nonce, []byte(secret), []byte(id))), nil
}

// Unseal decrypts a secret that Seal encrypted for the same order; it fails with
// ErrSealed.
func (v *Vault) Unseal(id order.ID, sealed string) (string, error) {
	if sealed == "" {
		return "", nil
	}
	b, err := base64.RawURLEncoding.DecodeString(sealed)
	n := v.aead.NonceSize()
	if err != nil || len(b) < n {
		return "", ErrSealed
	}
	plain, err := v.aead.Open(nil, b[:n], b[n:], []byte(id))
	if err != nil {
		return "", ErrSealed
	}
	return string(plain), nil
}
