package commands

import (
	"context"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
)

// sdkSettings are variables of the roles that the AWS SDK reads.
var sdkSettings = []string{"AWS_SHARED_CREDENTIALS_FILE"}

// composed parses the compose file with the environment of the one who starts it.
func composed(t *testing.T, environment types.Mapping) *types.Project {
	t.Helper()
	p, err := loader.LoadWithContext(context.WithoutCancel(t.Context()), types.ConfigDetails{
		WorkingDir: "..", Environment: environment,
		ConfigFiles: []types.ConfigFile{{Filename: filepath.Join("..", "docker-compose.yml")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// roles returns the services that run the program.
func roles(p *types.Project) (names []string) {
	for name, s := range p.Services {
		if strings.HasPrefix(s.Image, "purser:") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// TestComposeRoles: the services that run the program start commands that exist, with
// settings that these commands read and accept, and with a health check that they serve.
func TestComposeRoles(t *testing.T) {
	secrets := madeSecrets(t)
	p := composed(t, types.Mapping{"PURSER_SECRETS": secrets})
	if got := roles(p); !slices.Equal(got, []string{"api", "sandbox", "worker"}) {
		t.Fatalf("services of the program: %q", got)
	}
	for name, replicas := range map[string]int{"api": 2, "worker": 2, "sandbox": 1} {
		s := p.Services[name]
		t.Run(name, func(t *testing.T) {
			if s.GetScale() != replicas {
				t.Errorf("%d processes, want %d", s.GetScale(), replicas)
			}
			d := newDocumented(t)
			named, err := d.command(s.Command)
			if err != nil || len(named) != 1 {
				t.Fatalf("command %q: %v", s.Command, err)
			}
			known := settingsOf(named[0])
			if name == "api" { // commands that are run there call it
				maps.Copy(known, settingsOf(child(child(d.root, "order"), "try")))
			}
			for setting := range s.Environment {
				if !known[setting] && !slices.Contains(sdkSettings, setting) {
					t.Errorf("%s does not read %s", named[0].FullPath(), setting)
				}
			}
			for setting, value := range s.Environment {
				t.Setenv(setting, strings.ReplaceAll(*value, "/run/secrets/", secrets+"/"))
			}
			parser, err := kong.New(&commands{}, kong.Name("purser"))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := parser.Parse(s.Command); err != nil {
				t.Errorf("the settings are refused: %v", err)
			}
			checkHealth(t, d, s)
			if !s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"}) || s.User != "" || len(s.Tmpfs) == 0 {
				t.Errorf("read-only %t, dropped %q, user %q, tmpfs %q", s.ReadOnly, s.CapDrop, s.User, s.Tmpfs)
			}
		})
	}
}

// checkHealth compares a role's health check with the program.
func checkHealth(t *testing.T, d *documented, s types.ServiceConfig) {
	t.Helper()
	if s.HealthCheck == nil || len(s.HealthCheck.Test) < 3 || s.HealthCheck.Test[0] != "CMD" || s.HealthCheck.Test[1] != "/purser" {
		t.Fatalf("health check %+v", s.HealthCheck)
	}
	named, err := d.command(s.HealthCheck.Test[2:])
	if err != nil || len(named) != 1 || named[0].FullPath() != "purser health" {
		t.Errorf("health check %q: %v", s.HealthCheck.Test, err)
	}
}

// settingsOf returns the environment variables that a command reads.
func settingsOf(n *kong.Node) map[string]bool {
	names := map[string]bool{}
	for _, level := range n.AllFlags(false) {
		for _, f := range level {
			for _, env := range f.Envs {
				names[env] = true
			}
		}
	}
	return names
}

// madeSecrets makes the secrets as the README says, and returns their directory.
func madeSecrets(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "secrets")
	for range 2 { // the second run keeps them
		if out, err := exec.Command(filepath.Join("..", "deploy", "secrets"), dir).CombinedOutput(); err != nil {
			t.Fatalf("deploy/secrets: %v: %s", err, out)
		}
	}
	return dir
}

// TestComposeSecrets: deploy/secrets makes exactly the secrets of the file, readable in
// a container and by nobody else on the machine; each service mounts those that it uses.
func TestComposeSecrets(t *testing.T) {
	dir := madeSecrets(t)
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%s: %v, %v", dir, info.Mode(), err)
	}
	p := composed(t, types.Mapping{"PURSER_SECRETS": dir})
	var made []string
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if info, err := e.Info(); err != nil || info.Mode().Perm() != 0o644 || info.Size() < 36 {
			t.Errorf("%s: %v, %d bytes, %v", e.Name(), info.Mode(), info.Size(), err)
		}
		if e.Name() != "shop_key" && e.Name() != "s3_secret_key" { // parts of api_keys and of aws_credentials
			made = append(made, e.Name())
		}
	}
	if want := slices.Sorted(maps.Keys(p.Secrets)); !slices.Equal(made, want) {
		t.Errorf("made %q, want %q", made, want)
	}
	for name, s := range p.Services {
		text := used(t, s)
		var mounted []string
		for _, m := range s.Secrets {
			mounted = append(mounted, m.Source)
			prefix := strings.TrimSuffix(strings.TrimSuffix(m.Source, "admin_uid"), "search_uid") // a script puts the name together
			if !strings.Contains(text, "/run/secrets/"+prefix) {
				t.Errorf("%s mounts %s and does not use it", name, m.Source)
			}
		}
		for _, m := range regexp.MustCompile(`/run/secrets/(\w+)`).FindAllStringSubmatch(text, -1) {
			if !slices.Contains(mounted, m[1]) && m[1] != "meilisearch_" {
				t.Errorf("%s uses %s and does not mount it", name, m[1])
			}
		}
	}
}

// used returns everything in which a service may name a secret: its environment, its
// command, and the scripts that it mounts.
func used(t *testing.T, s types.ServiceConfig) string {
	t.Helper()
	var text strings.Builder
	for _, v := range s.Environment {
		text.WriteString(*v + "\n")
	}
	text.WriteString(strings.Join(s.Entrypoint, "\n") + "\n")
	for _, v := range s.Volumes {
		if v.Type == types.VolumeTypeBind {
			b, err := os.ReadFile(v.Source)
			if err != nil {
				t.Fatalf("%s mounts a file that does not exist: %v", s.Name, err)
			}
			text.Write(b)
		}
	}
	return text.String()
}

// TestComposeServices: nothing but the API is open to other machines, each service has
// limits and an image of a version, and each waits for what can be waited for.
func TestComposeServices(t *testing.T) {
	p := composed(t, nil)
	modules, err := os.ReadFile(filepath.Join("..", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	versions := map[string]string{
		"temporalio/server": "go.temporal.io/server v", "temporalio/admin-tools": "go.temporal.io/server v",
		"temporalio/ui": "github.com/temporalio/ui-server/v2 v", "versity/versitygw": "github.com/versity/versitygw ",
	}
	for name, s := range p.Services {
		for _, port := range s.Ports {
			if open := port.HostIP != "127.0.0.1"; open != (name == "api") {
				t.Errorf("%s listens at %q", name, port.HostIP)
			}
		}
		image, version, _ := strings.Cut(s.Image, ":")
		if version == "" || version == "latest" || !strings.ContainsAny(version, "0123456789") {
			t.Errorf("%s: the image %q has no version", name, s.Image)
		}
		if module := versions[image]; module != "" && !strings.Contains(string(modules), module+version+"\n") && !strings.Contains(string(modules), module+version+" ") {
			t.Errorf("%s: %s is not the version in go.mod", name, s.Image)
		}
		if s.Deploy == nil || s.Deploy.Resources.Limits == nil || s.Deploy.Resources.Limits.MemoryBytes == 0 || s.Deploy.Resources.Limits.NanoCPUs == 0 {
			t.Errorf("%s has no limits", name)
		}
		if !slices.Contains(s.SecurityOpt, "no-new-privileges:true") {
			t.Errorf("%s may gain privileges", name)
		}
		for on, how := range s.DependsOn {
			ends := strings.HasPrefix(p.Services[on].Restart, types.RestartPolicyOnFailure)
			switch how.Condition {
			case types.ServiceConditionHealthy:
				if p.Services[on].HealthCheck == nil || ends {
					t.Errorf("%s waits for the health of %s, which has no check", name, on)
				}
			case types.ServiceConditionCompletedSuccessfully:
				if !ends {
					t.Errorf("%s waits for the end of %s, which runs for ever", name, on)
				}
			default:
				t.Errorf("%s depends on %s and does not wait: %s", name, on, how.Condition)
			}
		}
	}
}

// TestComposeAddresses: every address in the roles' settings is a service of the file,
// and one of the program's own listens at the port.
func TestComposeAddresses(t *testing.T) {
	p := composed(t, nil)
	checked := 0
	for _, name := range roles(p) {
		for setting, value := range p.Services[name].Environment {
			if setting == "PURSER_LISTEN" || *value == "" {
				continue
			}
			u, err := url.Parse(*value)
			if err != nil || u.Host == "" {
				u = &url.URL{Host: *value}
			}
			s, ok := p.Services[u.Hostname()]
			if !ok {
				if u.Port() != "" && !slices.Contains([]string{"localhost", "127.0.0.1"}, u.Hostname()) {
					t.Errorf("%s: %s=%s: there is no service %s", name, setting, *value, u.Hostname())
				}
				continue
			}
			checked++
			if listen := s.Environment["PURSER_LISTEN"]; listen != nil && *listen != "0.0.0.0:"+u.Port() {
				t.Errorf("%s: %s=%s, but %s listens at %s", name, setting, *value, u.Hostname(), *listen)
			}
		}
	}
	if checked < 10 {
		t.Errorf("only %d addresses were found", checked)
	}
}

// TestComposeREADME: the line that starts the file and takes an order stands in the
// README as it stands in the file.
func TestComposeREADME(t *testing.T) {
	const line = "deploy/secrets && docker compose up --wait && docker compose exec api /purser order try"
	for _, name := range []string{"README.md", "docker-compose.yml", filepath.Join("docs", "install.md")} {
		text, err := os.ReadFile(filepath.Join("..", name))
		if err != nil || !strings.Contains(string(text), line) {
			t.Errorf("%s lacks %q, %v", name, line, err)
		}
	}
}
