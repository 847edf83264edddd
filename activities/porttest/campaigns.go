package porttest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/activities/campaigns"
	"purser/mail"
)

// CampaignBench is the record of campaigns under test.
type CampaignBench interface {
	campaigns.CampaignRecord
	campaigns.Recipients
	CreateCampaign(ctx context.Context, c mail.Campaign, actor string) error
}

// Campaigns checks a record of campaigns. open returns an empty one.
func Campaigns(t *testing.T, open func(t *testing.T) CampaignBench) {
	for name, check := range map[string]func(*testing.T, CampaignBench){
		"EML-7 each address is a recipient once":                   addsOnce,
		"EML-7 recipients are only added before the start":         addsInTime,
		"EML-7 each outcome is recorded and counted":               resolvesOnce,
		"EML-7 recipients who are due are listed in order":         dueInOrder,
		"EML-7 unknown outcomes are retried on request":            retries,
		"an outdated change of state is ignored":                   changesStateInOrder,
		"an unknown campaign is not found":                         noCampaign,
		"recipients added concurrently are numbered consecutively": numbersConsecutively,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, open(t))
		})
	}
}

func campaignOf(t *testing.T, b CampaignBench, recipients int) {
	t.Helper()
	c := mail.Campaign{ID: "spring", Name: "Spring", Template: "campaign", Words: map[string]mail.Words{"en": {Subject: "Hello", Heading: "h", Body: []string{"b"}}}}
	for range 2 { // creating it again changes nothing
		if err := b.CreateCampaign(t.Context(), c, "key:test"); err != nil {
			t.Fatal(err)
		}
	}
	var all []mail.Recipient
	for i := range recipients {
		all = append(all, mail.Recipient{Address: fmt.Sprintf("r%03d@example.com", i+1), Name: fmt.Sprint("R", i+1), Locale: "de", Data: map[string]string{"code": fmt.Sprint(i)}})
	}
	a, err := b.AddRecipients(t.Context(), "spring", mail.CampaignDraft, all, 0)
	if err != nil || a.Added != int64(recipients) {
		t.Fatalf("added %+v, %v", a, err)
	}
}

func wantCounts(t *testing.T, b CampaignBench, want mail.CampaignCounts) {
	t.Helper()
	c, err := b.Campaign(t.Context(), "spring")
	if diff := cmp.Diff(want, c.Counts); err != nil || diff != "" {
		t.Errorf("counts: %v %s", err, diff)
	}
}

func addsOnce(t *testing.T, b CampaignBench) {
	campaignOf(t, b, 3)
	a, err := b.AddRecipients(t.Context(), "spring", mail.CampaignDraft, []mail.Recipient{
		{Address: "r002@example.com"}, {Address: "new@example.com", OrderID: "ord_1"}, {Address: "new@example.com"},
	}, 5)
	if err != nil || a.Added != 1 || !cmp.Equal(a.Duplicates, []int{0, 2}) {
		t.Errorf("added %+v, %v", a, err)
	}
	wantCounts(t, b, mail.CampaignCounts{Total: 4, Due: 4, Invalid: 5, Duplicates: 2})
	due, err := b.DueRecipients(t.Context(), "spring", 0, 10)
	if err != nil || len(due) != 4 {
		t.Fatalf("%d are due, %v", len(due), err)
	}
	first := mail.Recipient{N: 1, Address: "r001@example.com", Name: "R1", Locale: "de", Data: map[string]string{"code": "0"}, State: mail.StateDue, Generation: 1}
	last := mail.Recipient{N: 4, Address: "new@example.com", OrderID: "ord_1", State: mail.StateDue, Generation: 1}
	if diff := cmp.Diff([]mail.Recipient{first, last}, []mail.Recipient{due[0], due[3]}); diff != "" {
		t.Error(diff)
	}
}

func addsInTime(t *testing.T, b CampaignBench) {
	campaignOf(t, b, 1)
	if err := b.SetCampaignState(t.Context(), "spring", 1, mail.CampaignRunning, ""); err != nil {
		t.Fatal(err)
	}
	late := []mail.Recipient{{Address: "late@example.com"}}
	if _, err := b.AddRecipients(t.Context(), "spring", mail.CampaignDraft, late, 0); !errors.Is(err, mail.ErrCampaignBegun) {
		t.Errorf("got %v, want ErrCampaignBegun", err)
	}
	if a, err := b.AddRecipients(t.Context(), "spring", mail.CampaignRunning, late, 0); err != nil || a.Added != 1 {
		t.Errorf("recipients added by the campaign itself: %+v, %v", a, err)
	}
}

func resolvesOnce(t *testing.T, b CampaignBench) {
	campaignOf(t, b, 6)
	resolve := func(n int64, s mail.State, message string) {
		t.Helper()
		if err := b.RecordRecipients(t.Context(), "spring", []mail.Recipient{{N: n, State: s, Why: "why", Message: message}}); err != nil {
			t.Fatal(err)
		}
	}
	resolve(1, mail.StateSent, "m-1")
	resolve(2, mail.StateSuppressed, "")
	resolve(3, mail.StateRejected, "")
	resolve(4, mail.StateUnknown, "")
	resolve(5, mail.StateSkipped, "")
	wantCounts(t, b, mail.CampaignCounts{Total: 6, Due: 1, Sent: 1, Suppressed: 1, Rejected: 1, Unknown: 1, Skipped: 1})
	for range 2 {
		resolve(1, mail.StateUnknown, "") // a slower attempt reports late
		resolve(2, mail.StateSent, "m-2")
		resolve(4, mail.StateSent, "m-4") // the provider reports that it was sent
	}
	wantCounts(t, b, mail.CampaignCounts{Total: 6, Due: 1, Sent: 2, Suppressed: 1, Rejected: 1, Skipped: 1})
	err := b.RecordRecipients(t.Context(), "spring", []mail.Recipient{{N: 6, State: mail.StateSent}, {N: 5, State: mail.StateSending}})
	if err == nil {
		t.Error("sending was accepted as an outcome")
	}
	wantCounts(t, b, mail.CampaignCounts{Total: 6, Due: 1, Sent: 2, Suppressed: 1, Rejected: 1, Skipped: 1})
}

func dueInOrder(t *testing.T, b CampaignBench) {
	campaignOf(t, b, 5)
	if err := b.RecordRecipients(t.Context(), "spring", []mail.Recipient{{N: 2, State: mail.StateSent}}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		after int64
		limit int
		want  []int64
	}{{limit: 2, want: []int64{1, 3}}, {after: 1, limit: 9, want: []int64{3, 4, 5}}, {after: 5, limit: 9}, {after: 99, limit: 9}} {
		due, err := b.DueRecipients(t.Context(), "spring", tt.after, tt.limit)
		if err != nil {
			t.Fatal(err)
		}
		var got []int64
		for _, r := range due {
			got = append(got, r.N)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("after %d: %s", tt.after, diff)
		}
	}
}

func changesStateInOrder(t *testing.T, b CampaignBench) {
	campaignOf(t, b, 1)
	latest := int64(0)
	for _, m := range []struct {
		version int64
		state   mail.CampaignState
		want    mail.CampaignState
	}{
		{version: 1, state: mail.CampaignScheduled, want: mail.CampaignScheduled},
		{version: 3, state: mail.CampaignPaused, want: mail.CampaignPaused},
		{version: 2, state: mail.CampaignRunning, want: mail.CampaignPaused},
		{version: 3, state: mail.CampaignDone, want: mail.CampaignPaused},
		{version: 4, state: mail.CampaignCancelled, want: mail.CampaignCancelled},
	} {
		if err := b.SetCampaignState(t.Context(), "spring", m.version, m.state, "because"); err != nil {
			t.Fatal(err)
		}
		c, err := b.Campaign(t.Context(), "spring")
		if latest = max(latest, m.version); err != nil || c.State != m.want || c.Version != latest || c.Why != "because" || c.State.Final() == c.EndedAt.IsZero() {
			t.Errorf("after version %d as %s: %s, ended %s, %v; want %s", m.version, m.state, c.State, c.EndedAt, err, m.want)
		}
	}
}

// retries checks that recipients whose outcome is unknown become due again,
// once for each decision.
func retries(t *testing.T, b CampaignBench) {
	campaignOf(t, b, 4)
	resolve := func(all ...mail.Recipient) {
		t.Helper()
		if err := b.RecordRecipients(t.Context(), "spring", all); err != nil {
			t.Fatal(err)
		}
	}
	retry := func(round int, until time.Time, want error) {
		t.Helper()
		err := b.RetryCampaign(t.Context(), "spring", 5, mail.Retry{Round: round, ResolvedBefore: until, Actor: "key:ops", Reason: "why not"})
		if !errors.Is(err, want) {
			t.Fatalf("round %d: %v, want %v", round, err, want)
		}
	}
	resolve(mail.Recipient{N: 1, State: mail.StateSent}, mail.Recipient{N: 2, State: mail.StateUnknown, Why: "why"},
		mail.Recipient{N: 3, State: mail.StateUnknown}, mail.Recipient{N: 4, State: mail.StateRejected})
	soon := time.Now().Add(time.Hour)
	retry(1, soon, mail.ErrCampaignNotDone)
	if err := b.SetCampaignState(t.Context(), "spring", 4, mail.CampaignDone, ""); err != nil {
		t.Fatal(err)
	}
	retry(2, soon, mail.ErrOtherRound)
	retry(1, time.Now().Add(-time.Hour), mail.ErrNoneUnknown)
	wantCounts(t, b, mail.CampaignCounts{Total: 4, Sent: 1, Unknown: 2, Rejected: 1})
	for range 2 {
		retry(1, soon, nil)
	}
	wantCounts(t, b, mail.CampaignCounts{Total: 4, Due: 2, Sent: 1, Rejected: 1})
	c, err := b.Campaign(t.Context(), "spring")
	if err != nil || c.State != mail.CampaignRunning || c.Round != 2 || c.Version != 5 || !c.EndedAt.IsZero() {
		t.Errorf("%+v, %v", c, err)
	}
	due, err := b.DueRecipients(t.Context(), "spring", 0, 9)
	if err != nil || len(due) != 2 || due[0].N != 2 || due[0].Generation != 2 || due[0].Why != "" || !due[0].At.IsZero() {
		t.Errorf("due %+v, %v", due, err)
	}
	for _, s := range []mail.State{mail.StateUnknown, mail.StateRejected} { // a late report about the mail of round 1
		resolve(mail.Recipient{N: 2, State: s, Generation: 1})
		wantCounts(t, b, mail.CampaignCounts{Total: 4, Due: 2, Sent: 1, Rejected: 1})
	}
	resolve(mail.Recipient{N: 2, State: mail.StateSent, Generation: 1}, mail.Recipient{N: 3, State: mail.StateSent, Generation: 2})
	if err := b.SetCampaignState(t.Context(), "spring", 6, mail.CampaignDone, ""); err != nil {
		t.Fatal(err)
	}
	retry(1, soon, nil) // the first decision, repeated late: it was carried out already
	retry(2, soon, mail.ErrNoneUnknown)
	wantCounts(t, b, mail.CampaignCounts{Total: 4, Sent: 3, Rejected: 1})
	if err := b.SetCampaignState(t.Context(), "spring", 7, mail.CampaignCancelled, ""); err != nil {
		t.Fatal(err)
	}
	retry(1, soon, mail.ErrCampaignNotDone) // a cancelled campaign cannot be retried
}

func noCampaign(t *testing.T, b CampaignBench) {
	_, err := b.Campaign(t.Context(), "none")
	_, aerr := b.AddRecipients(t.Context(), "none", mail.CampaignDraft, nil, 0)
	merr := b.SetCampaignState(t.Context(), "none", 1, mail.CampaignRunning, "")
	serr := b.RecordRecipients(t.Context(), "none", nil)
	rerr := b.RetryCampaign(t.Context(), "none", 1, mail.Retry{Round: 1})
	for _, err := range []error{err, aerr, merr, serr, rerr} {
		if !errors.Is(err, mail.ErrNoCampaign) {
			t.Errorf("got %v, want ErrNoCampaign", err)
		}
	}
}

func numbersConsecutively(t *testing.T, b CampaignBench) {
	campaignOf(t, b, 0)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			_, err := b.AddRecipients(t.Context(), "spring", mail.CampaignDraft, []mail.Recipient{
				{Address: fmt.Sprintf("a%d@example.com", i)}, {Address: "same@example.com"}, {Address: fmt.Sprintf("b%d@example.com", i)},
			}, 0)
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	wantCounts(t, b, mail.CampaignCounts{Total: 17, Due: 17, Duplicates: 7})
	due, err := b.DueRecipients(t.Context(), "spring", 0, 100)
	for i, r := range due {
		if r.N != int64(i+1) {
			t.Fatalf("recipient %d has the number %d", i+1, r.N)
		}
	}
	if err != nil || len(due) != 17 {
		t.Errorf("%d are due, %v", len(due), err)
	}
}
