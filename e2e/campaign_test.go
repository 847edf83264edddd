package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	mailing "purser/mail"
	campaignrecords "purser/records/campaigns"
	"purser/sandbox/faults"
	"purser/soak"
)

// TestCampaignKill (F41, EML-7) kills the program with SIGKILL during a campaign
// and starts it again. By the sandbox's own count nobody gets the mail twice, and
// each recipient who may not have got it is listed as unknown.
func TestCampaignKill(t *testing.T) {
	t.Parallel()
	recipients, kills := 250, 1
	if soak.Full() {
		recipients, kills = 500, 2
	}
	seed := seedOf(t)
	random := rand.New(rand.NewPCG(seed, 2))
	s := newStack(t, nil, "--sandbox-mail-rate=200", "--sandbox-mail-pace=0s")
	c := mailing.Campaign{ID: "spring", Template: "campaign", Words: map[string]mailing.Words{
		"en": {Subject: "Hello {name}", Heading: "Spring", Body: []string{"It is warmer now."}},
	}}
	if _, err := s.shop.CreateCampaign(within(t), c); err != nil {
		t.Fatal(err)
	}
	var list strings.Builder
	list.WriteString("address,name\n")
	for i := range recipients {
		fmt.Fprintf(&list, "reader%d@example.com,R%d\n", i, i)
	}
	if u, err := s.shop.AddRecipients(within(t), c.ID, mailing.CSV, strings.NewReader(list.String())); err != nil || u.Added != int64(recipients) {
		t.Fatalf("added %+v, %v", u, err)
	}
	if _, err := s.shop.StartCampaign(within(t), c.ID); err != nil {
		t.Fatal(err)
	}
	for k := range kills {
		s.awaitCampaign(t, c.ID, func(st mailing.CampaignStatus) bool {
			return st.Counts.Resolved() >= int64(recipients*(k+1)/(kills+2))
		})
		pause(t, time.Duration(random.IntN(300))*time.Millisecond)
		s.kill()
		s.start()
	}
	st := s.awaitCampaign(t, c.ID, func(st mailing.CampaignStatus) bool { return st.State.Final() })
	if code := s.interrupt(); code != 0 {
		t.Errorf("stopping: exit code %d", code)
	}
	s.compareWithSandbox(t, c.ID, st, recipients, kills)
}

// compareWithSandbox compares the record's outcomes with the sandbox's own count.
func (s *stack) compareWithSandbox(t *testing.T, id string, st mailing.CampaignStatus, recipients, kills int) {
	got := map[string]int{}
	for _, a := range s.sandboxData().SES.Accepted() {
		if a.Tags["campaign"] == id {
			got[a.Tags["message"]]++
		}
	}
	record := s.record()
	var sent, unknown, arrived int
	for after := int64(0); ; {
		page, err := record.Recipients(t.Context(), id, campaignrecords.RecipientFilter{After: after, Limit: 500})
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, r := range page {
			after = r.N
			n := got[mailing.WireTag(mailing.MessageID(id, r))]
			switch {
			case r.State == mailing.StateSent && n == 1:
				sent++
			case r.State == mailing.StateUnknown && n <= 1:
				unknown++
				arrived += n
			default:
				t.Errorf("%s is %s %q, and the sandbox has its mail %d times", r.Address, r.State, r.Why, n)
			}
		}
	}
	if len(got) != sent+arrived || sent+unknown != recipients || unknown > 8*kills || st.Counts.Sent != int64(sent) || st.Counts.Unknown != int64(unknown) {
		t.Errorf("%d sent, %d unknown of %d, %d mails arrived; counts %+v", sent, unknown, recipients, len(got), st.Counts)
	}
	t.Logf("%d recipients, %d kills: %d sent once, %d unknown, of which %d arrived", recipients, kills, sent, unknown, arrived)
}

// awaitCampaign polls a campaign until it has reached the wanted status.
func (s *stack) awaitCampaign(t *testing.T, id string, enough func(mailing.CampaignStatus) bool) (st mailing.CampaignStatus) {
	t.Helper()
	err := retry(within(t), func() (err error) {
		if st, err = s.shop.Campaign(t.Context(), id); err == nil && !enough(st) {
			return fmt.Errorf("%s: %+v", st.State, st.Counts)
		}
		return err
	})
	if err != nil {
		t.Fatalf("campaign %s: %v", id, err)
	}
	return st
}

// TestCampaignDrafts (EML-7): a draft is deleted or cancelled from the shell;
// nobody gets a mail, and a cancelled draft can no longer be deleted or started.
func TestCampaignDrafts(t *testing.T) {
	t.Parallel()
	s := newStack(t, nil)
	words, list, cmd := s.campaigning(t, "ada@example.com")
	for range 2 { // deleting a draft frees its id
		cmd(0, "draft", "create", "spring", "--words="+words, "--recipients="+list)
		cmd(0, "deleted", "delete", "spring")
	}
	cmd(1, "not_found", "status", "spring")
	cmd(0, "draft", "create", "spring", "--words="+words, "--recipients="+list)
	cmd(0, "cancelled", "cancel", "spring", "--reason=not now")
	cmd(0, "cancelled", "start", "spring")
	cmd(1, "wrong_state", "delete", "spring")
	if code := s.interrupt(); code != 0 {
		t.Errorf("stopping: exit code %d", code)
	}
	if n := len(s.sandboxData().SES.Accepted()); n > 0 {
		t.Errorf("%d mails went out", n)
	}
}

// campaigning writes a campaign's text and recipients to files, and returns a
// function that runs a campaign command and checks its exit code and output.
func (s *stack) campaigning(t *testing.T, addresses ...string) (words, list string, cmd func(code int, says string, args ...string)) {
	t.Helper()
	words, list = filepath.Join(t.TempDir(), "words.json"), filepath.Join(t.TempDir(), "list.csv")
	for path, text := range map[string]string{
		words: `{"en":{"subject":"Hello","heading":"Spring","body":["It is warmer now."]}}`, list: "address\n" + strings.Join(addresses, "\n") + "\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return words, list, func(want int, says string, args ...string) {
		t.Helper()
		code, stdout, stderr := run(t, []string{"PURSER_DATA=" + s.dir}, append([]string{"mail", "campaign"}, args...)...)
		if code != want || !strings.Contains(stdout+stderr, says) {
			t.Errorf("campaign %v: exit code %d, want %d and %q: %s%s", args, code, want, says, stdout, stderr)
		}
	}
}

// TestCampaignRetry (EML-7): a mail is unknown if the provider's error does not say
// whether it was sent; an operator has it sent once more, and only that mail.
func TestCampaignRetry(t *testing.T) {
	t.Parallel()
	s := newStack(t, nil)
	words, list, cmd := s.campaigning(t, "ada@example.com", "bob@example.com", "eve@example.com")
	cmd(0, "draft", "create", "spring", "--words="+words, "--recipients="+list)
	cmd(1, "the campaign is not done", "retry", "spring", "--reason=too early")
	s.misbehave(t, faults.Rules{Faults: []faults.Fault{{Provider: "ses", Match: "POST /v2/email/outbound-emails", Do: faults.Status, Status: 500, Times: 1}}})
	cmd(0, "1 unknown", "start", "spring", "--watch")
	cmd(1, "unknown for that long", "retry", "spring", "--reason=its provider may still tell")
	cmd(1, "another round", "retry", "spring", "--round=2", "--unknown-for=0s", "--reason=what has not been")
	cmd(0, "3 sent", "retry", "spring", "--unknown-for=0s", "--reason=nothing was heard of it", "--watch")
	cmd(0, "3 sent", "retry", "spring", "--round=1", "--reason=the same decision", "--watch")
	cmd(1, "unknown for that long", "retry", "spring", "--unknown-for=0s", "--reason=all is known")
	if code := s.interrupt(); code != 0 {
		t.Errorf("stopping: exit code %d", code)
	}
	if n := len(s.sandboxData().SES.Accepted()); n != 3 {
		t.Errorf("%d mails went out, want 3", n)
	}
}
