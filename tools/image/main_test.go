package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDockerfileGo: an engine builds with the version of Go that go.mod names.
func TestDockerfileGo(t *testing.T) {
	versions := map[string]string{}
	for name, match := range map[string]string{"Dockerfile": `(?m)^FROM golang:(\S+) AS build$`, "go.mod": `(?m)^go (\S+)$`} {
		text, err := os.ReadFile(filepath.Join("..", "..", name))
		if err != nil {
			t.Fatal(err)
		}
		m := regexp.MustCompile(match).FindSubmatch(text)
		if m == nil {
			t.Fatalf("%s names no version of Go", name)
		}
		versions[name] = string(m[1])
	}
	if versions["Dockerfile"] != versions["go.mod"] {
		t.Errorf("%v", versions)
	}
}

// TestSettingsRefuse: a Dockerfile whose image would differ from ours is refused.
func TestSettingsRefuse(t *testing.T) {
	for _, tt := range []struct {
		name, dockerfile, want string
	}{
		{name: "another base", dockerfile: "FROM alpine\nENTRYPOINT [\"/purser\"]\n", want: "want scratch"},
		{name: "a command that adds files", dockerfile: "FROM scratch\nRUN [\"/purser\"]\n", want: "does not know RUN"},
		{name: "a shell", dockerfile: "FROM scratch\nSHELL [\"/bin/sh\"]\n", want: "does not know SHELL"},
		{name: "not a Dockerfile", dockerfile: "FROM scratch\nFLY away\n", want: "FLY"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := settings([]byte(tt.dockerfile), nil); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}
