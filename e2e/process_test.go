package e2e_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// undisturbed turns off the background tasks, for tests that count and time.
var undisturbed = []string{"PURSER_SAMPLE_IMAGES=false", "PURSER_SWEEP_EVERY=100000h"}

// testTimeout is how long a test waits for anything before it fails.
const testTimeout = 5 * time.Minute

// process is a running program. It is killed when the test ends.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdout bytes.Buffer
	log    *logbook
	ended  chan struct{} // closed when the process has ended
	err    error         // from Wait; valid after ended
}

// launch starts the program with arguments and "NAME=value" settings. It inherits
// this process's environment except for the variables that configure the program.
func launch(t *testing.T, env []string, args ...string) *process {
	t.Helper()
	return launchIn(t, "", env, args...)
}

// launchIn is launch in a working directory; "" is the test's.
func launchIn(t *testing.T, dir string, env []string, args ...string) *process {
	t.Helper()
	return launchProgram(t, binary, dir, env, args...)
}

// launchProgram is launchIn for another program.
func launchProgram(t *testing.T, path, dir string, env []string, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(path, args...), log: &logbook{}, ended: make(chan struct{})}
	p.cmd.Dir = dir
	p.cmd.Env = append(append(withoutSettings(os.Environ()), undisturbed...), env...)
	p.cmd.Stdout = &p.stdout
	dieWithTest(p.cmd)
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.log.read(stderr)
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("%s %s\n%s", filepath.Base(path), strings.Join(args, " "), p.log)
		}
		if strings.Contains(p.log.String(), "WARNING: DATA RACE") {
			t.Errorf("data race in %s %s\n%s", filepath.Base(path), strings.Join(args, " "), p.log)
		}
	})
	return p
}

// run runs the program to its end and returns its exit code and what it printed.
func run(t *testing.T, env []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	p := launch(t, env, args...)
	code = p.wait()
	return code, p.stdout.String(), p.log.String()
}

// wait waits for the end of the process and returns its exit code.
func (p *process) wait() int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(testTimeout):
		p.t.Fatalf("purser is still running after %s", testTimeout)
	}
	return p.cmd.ProcessState.ExitCode()
}

// kill ends the process with SIGKILL and waits for its end.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.ended
}

// interrupt sends SIGINT, as Ctrl-C does, and returns the exit code.
func (p *process) interrupt() int {
	p.t.Helper()
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		p.t.Fatal(err)
	}
	return p.wait()
}

// says waits until the process prints a line with the text, and returns the line.
func (p *process) says(text string) string {
	p.t.Helper()
	found, stop := p.log.await(text)
	defer stop()
	select {
	case line := <-found:
		return line
	case <-p.ended:
		p.t.Fatalf("purser ended (%v) without saying %q\n%s", p.err, text, p.log)
	case <-time.After(testTimeout):
		p.t.Fatalf("purser does not say %q\n%s", text, p.log)
	}
	return ""
}

// settings lists the prefixes of the environment variables that configure the
// program.
var settings = []string{"PURSER_", "DATABASE_URL=", "TEMPORAL_", "STRIPE_", "CARRIER_", "SES_", "SMTP_", "AWS_", "S3_", "CLOUDFRONT_", "MEILISEARCH_"}

func withoutSettings(environ []string) (kept []string) {
	for _, e := range environ {
		foreign := true
		for _, s := range settings {
			foreign = foreign && !strings.HasPrefix(e, s)
		}
		if foreign {
			kept = append(kept, e)
		}
	}
	return kept
}

// logbook keeps the first and the latest lines that a process wrote to stderr.
type logbook struct {
	mu    sync.Mutex
	lines []string
	cut   int
	seeks map[chan string]string
}

// mostLines is how many lines of a log are kept.
const mostLines = 80

func (l *logbook) read(r io.Reader) {
	in := bufio.NewReader(r)
	for {
		line, err := in.ReadString('\n')
		if line != "" {
			l.add(strings.TrimRight(line, "\n"))
		}
		if err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, os.ErrClosed) {
				l.add(fmt.Sprint("log lost: ", err))
			}
			return
		}
	}
}

func (l *logbook) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.lines) >= mostLines {
		l.lines = append(l.lines[:mostLines/2], l.lines[mostLines/2+1:]...)
		l.cut++
	}
	l.lines = append(l.lines, line)
	for c, text := range l.seeks {
		if strings.Contains(line, text) {
			delete(l.seeks, c)
			c <- line
		}
	}
}

func (l *logbook) await(text string) (found <-chan string, stop func()) {
	c := make(chan string, 1)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.lines {
		if strings.Contains(line, text) {
			c <- line
			return c, func() {}
		}
	}
	if l.seeks == nil {
		l.seeks = map[chan string]string{}
	}
	l.seeks[c] = text
	return c, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.seeks, c)
	}
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := strings.Join(l.lines, "\n")
	if l.cut > 0 {
		s += fmt.Sprintf("\n(%d lines in the middle left out)", l.cut)
	}
	return s
}
