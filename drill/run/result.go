package run

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"purser/drill/audit"
)

// Result is the outcome of a drill. Each counter of broken promises must be zero.
type Result struct {
	Seed      uint64         `json:"seed"`
	Engine    string         `json:"engine"`
	Hostility string         `json:"hostility"`
	Orders    int            `json:"orders"`
	Kills     int            `json:"kills"`
	Killed    map[string]int `json:"killed"` // how often each process
	Crashes   int            `json:"database_crashes"`
	Restarts  int            `json:"restarts"` // of a process that ended by itself
	Faults    int            `json:"faults"`   // how often a stand-in misbehaved

	EndedRight         int `json:"ended_right"`
	EndedWrong         int `json:"ended_wrong"`
	DoubleCharges      int `json:"double_charges"`
	DoubleCaptures     int `json:"double_captures"`
	DoubleRefunds      int `json:"double_refunds"`
	DoubleLabels       int `json:"double_labels"`
	DoubleParcels      int `json:"double_parcels"`
	DoubleMails        int `json:"double_mails"`
	ResentAfterUnknown int `json:"resent_after_unknown"`
	UnsentMails        int `json:"unsent_mails"`
	LostEvents         int `json:"lost_events"`
	Stuck              int `json:"stuck"`
	LedgerDifferences  int `json:"ledger_differences"`
	GoodsWithoutMoney  int `json:"goods_without_money"`
	MoneyWithoutGoods  int `json:"money_without_goods"`
	StockDifferences   int `json:"stock_differences"`
	CasesOpen          int `json:"cases_open"`

	// Noticed is how much each plant made its counter rise.
	Noticed map[audit.Counter]int `json:"noticed,omitempty"`
	// Besides are the other counters that each plant made rise.
	Besides map[audit.Counter][]audit.Counter `json:"besides,omitempty"`

	Exercised    []string       `json:"failures_exercised"`
	NotExercised []string       `json:"failures_not_exercised"`
	UnknownMails int            `json:"unknown_mails"`
	Statuses     map[string]int `json:"statuses"`
	// Cases counts the cases by kind and by the choice that was made; "" stands for no choice.
	Cases           map[string]map[string]int `json:"cases"`
	SlowestRecovery int64                     `json:"slowest_recovery_ms"`
	MedianRecovery  int64                     `json:"median_recovery_ms"`
	SlowestOrder    int64                     `json:"slowest_order_ms"`
	FoundByAsking   int                       `json:"found_by_asking"` // events that came without a webhook
	AtOnce          int                       `json:"at_once"`
	Rate            float64                   `json:"orders_per_second"` // while the shoppers bought
	Placed          float64                   `json:"placed_per_second"` // from the first shopper until the last order was placed
	Down            float64                   `json:"down_seconds"`      // in all recoveries
	ToRest          float64                   `json:"to_rest_seconds"`   // from the last shopper until the shop was at rest
	Auditing        float64                   `json:"auditing_seconds"`
	DataMB          int64                     `json:"data_mb"`
	Seconds         float64                   `json:"seconds"`

	slowestIs string
	Broken    []string `json:"broken"` // what broke the promises
}

// failures lists the failures that a drill is about, by their ids in docs/promises.md.
var failures = []string{
	"F1", "F2", "F3", "F4", "F5", "F6", "F7", "F8", "F9", "F10", "F11", "F12", "F13", "F14", "F15", "F16", "F17", "F18", "F19",
	"F30", "F31", "F68", "F69", "F87", "F96", "F97",
}

// result sums up a drill.
func (d *drill) result(a audit.Report, met []string) Result {
	a.Broken[audit.EndedWrong] = append(a.Broken[audit.EndedWrong], d.crowd.Complaints()...)
	met = append(met, a.Exercised...)
	slowest, took := d.crowd.Slowest()
	r := Result{
		Seed: d.Seed, Engine: d.Engine, Hostility: d.Hostility, Orders: a.Orders, Kills: int(d.killsDone.Load()), Killed: d.killed, Crashes: d.crashed, Restarts: d.restarts,
		EndedRight: a.EndedRight, EndedWrong: a.Count(audit.EndedWrong), DoubleCharges: a.Count(audit.DoubleCharges),
		DoubleCaptures: a.Count(audit.DoubleCaptures), DoubleRefunds: a.Count(audit.DoubleRefunds), DoubleLabels: a.Count(audit.DoubleLabels),
		DoubleParcels: a.Count(audit.DoubleParcels), DoubleMails: a.Count(audit.DoubleMails), ResentAfterUnknown: a.Count(audit.ResentAfterUnknown),
		UnsentMails: a.Count(audit.UnsentMails), LostEvents: a.Count(audit.LostEvents),
		Stuck: a.Count(audit.Stuck), LedgerDifferences: a.Count(audit.LedgerDifferences),
		GoodsWithoutMoney: a.Count(audit.GoodsWithoutMoney), MoneyWithoutGoods: a.Count(audit.MoneyWithoutGoods),
		StockDifferences: a.Count(audit.StockDifferences), CasesOpen: a.Count(audit.CasesOpen),
		UnknownMails: a.UnknownMails, Statuses: a.Statuses, Cases: a.Cases, Broken: []string{}, AtOnce: d.AtOnce, FoundByAsking: a.Listed,
		Exercised: []string{}, NotExercised: []string{}, SlowestOrder: took.Milliseconds(), slowestIs: slowest,
	}
	r.Placed = d.crowd.PlacedPerSecond()
	r.recoveries(d.down)
	for _, f := range failures {
		if slices.Contains(met, f) {
			r.Exercised = append(r.Exercised, f)
		} else {
			r.NotExercised = append(r.NotExercised, f)
		}
	}
	for _, c := range audit.Counters() {
		for _, what := range a.Broken[c] {
			r.Broken = append(r.Broken, string(c)+": "+what)
		}
	}
	return r
}

// recoveries sums up how long the shop took no orders after each kill and crash.
func (r *Result) recoveries(down []time.Duration) {
	if len(down) == 0 {
		return
	}
	all := slices.Sorted(slices.Values(down))
	for _, d := range all {
		r.Down += d.Seconds()
	}
	r.SlowestRecovery, r.MedianRecovery = all[len(all)-1].Milliseconds(), all[len(all)/2].Milliseconds()
}

// Held reports whether every promise was kept.
func (r Result) Held() bool { return len(r.Broken) == 0 }

// mostShown is how many broken promises the table lists.
const mostShown = 40

// Print prints the result as a table.
func (r Result) Print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name string, value any, note string) { fmt.Fprintf(t, "%s\t%v\t%s\n", name, value, note) }
	row("seed", r.Seed, "")
	row("orders", r.Orders, counts(r.Statuses))
	row("kills", r.Kills, fmt.Sprintf("%s; %d crashes of the database, %d restarts, %d faults", counts(r.Killed), r.Crashes, r.Restarts, r.Faults))
	row("ended right", r.EndedRight, "")
	row("ended wrong", r.EndedWrong, "")
	row("double charges", r.DoubleCharges, "")
	row("double captures", r.DoubleCaptures, "")
	row("double refunds", r.DoubleRefunds, "")
	row("double labels", r.DoubleLabels, "")
	row("double parcels", r.DoubleParcels, "")
	row("double mails", r.DoubleMails, "")
	row("resent after unknown", r.ResentAfterUnknown, fmt.Sprintf("%d mails of unknown outcome", r.UnknownMails))
	row("unsent mails", r.UnsentMails, "")
	row("lost events", r.LostEvents, "")
	row("stuck", r.Stuck, "")
	row("ledger differences", r.LedgerDifferences, "the record's sums against Stripe's objects")
	row("goods without money", r.GoodsWithoutMoney, "")
	row("money without goods", r.MoneyWithoutGoods, "")
	row("stock differences", r.StockDifferences, "")
	row("cases open", r.CasesOpen, "of matters that are over, and matters without exactly one")
	row("kinds of cases", len(r.Cases), strings.Join(slices.Sorted(maps.Keys(r.Cases)), " "))
	row("failures exercised", len(r.Exercised), strings.Join(r.Exercised, " "))
	row("not exercised", len(r.NotExercised), strings.Join(r.NotExercised, " "))
	row("events found by asking", r.FoundByAsking, "their webhooks never came")
	row("recovery", ms(r.MedianRecovery), fmt.Sprintf("in the median, from a kill until the process serves again; the slowest %s, all together %s", ms(r.SlowestRecovery), seconds(r.Down)))
	row("slowest order", ms(r.SlowestOrder), r.slowestIs)
	row("orders a second", fmt.Sprintf("%.2f", r.Rate), fmt.Sprintf("%d shoppers at once; %.2f placed a second", r.AtOnce, r.Placed))
	row("took", seconds(r.Seconds), fmt.Sprintf("of which %s until the shop was at rest, %s for the audit; %d MB of data", seconds(r.ToRest), seconds(r.Auditing), r.DataMB))
	if err := t.Flush(); err != nil {
		return err
	}
	for i, b := range r.Broken {
		if i == mostShown {
			fmt.Fprintf(w, "… and %d more\n", len(r.Broken)-i)
			break
		}
		fmt.Fprintln(w, b)
	}
	return nil
}

// JSON prints the result as one line.
func (r Result) JSON(w io.Writer) error { return json.NewEncoder(w).Encode(r) }

func ms(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

func seconds(s float64) time.Duration {
	return time.Duration(s * float64(time.Second)).Round(100 * time.Millisecond)
}

func counts(n map[string]int) string {
	var all []string
	for s, n := range n {
		all = append(all, strconv.Itoa(n)+" "+s)
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}
