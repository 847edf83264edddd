// Package audit counts which promises a shop has broken. It reads the stand-ins'
// state over HTTP, the SQL record by its own statements and Temporal's visibility, and
// shares no code with the program that it audits.
package audit

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Counter names a kind of broken promise.
type Counter string

// The counters. Each counts what must not happen, so each must be zero.
const (
	EndedWrong         Counter = "ended_wrong" // lost orders, and those whose end contradicts their money or their goods
	DoubleCharges      Counter = "double_charges"
	DoubleCaptures     Counter = "double_captures"
	DoubleRefunds      Counter = "double_refunds"
	DoubleLabels       Counter = "double_labels"
	DoubleParcels      Counter = "double_parcels" // goods that went out more than once
	DoubleMails        Counter = "double_mails"
	ResentAfterUnknown Counter = "resent_after_unknown"
	UnsentMails        Counter = "unsent_mails" // never sent, and not known as perhaps sent
	LostEvents         Counter = "lost_events"
	Stuck              Counter = "stuck"
	LedgerDifferences  Counter = "ledger_differences"
	GoodsWithoutMoney  Counter = "goods_without_money" // goods that went out and are not paid
	MoneyWithoutGoods  Counter = "money_without_goods" // money that is kept for goods that did not go out, or came back
	StockDifferences   Counter = "stock_differences"
	CasesOpen          Counter = "cases_open" // cases of matters that are over, and matters without exactly one case
)

// Counters lists every counter, in the order in which they are shown.
func Counters() []Counter {
	return []Counter{
		EndedWrong, DoubleCharges, DoubleCaptures, DoubleRefunds, DoubleLabels, DoubleParcels, DoubleMails, ResentAfterUnknown, UnsentMails,
		LostEvents, Stuck, LedgerDifferences, GoodsWithoutMoney, MoneyWithoutGoods, StockDifferences, CasesOpen,
	}
}

// Input says where an audit looks, and what the shoppers were told.
type Input struct {
	Sandbox  Sandbox
	Record   string // postgres://…, or the path of a SQLite file
	Temporal string // host:port
	Terms    Terms
	Placed   []Placed
	Stock    map[string]int64 // pieces of each product before the first order, see ReadStock
	Kills    []time.Time      // when the process, or its database, was killed
}

// Placed is an order that a shopper was told is placed.
type Placed struct {
	Order string
	Ends  []string // the statuses that it may end with, after all that its shopper did
}

// Report is what an audit found.
type Report struct {
	Orders       int
	EndedRight   int
	Broken       map[Counter][]string // what broke each promise
	Exercised    []string             // the failures that left traces, by their ids
	Listed       int                  // events that the shop has found in its provider's list
	UnknownMails int                  // mails that were perhaps sent, and are not sent again
	Statuses     map[string]int       // orders by status
	// Cases counts the cases by kind, and then by the choice that was made; "" is a case
	// whose matter ended without a decision, or that is open.
	Cases map[string]map[string]int
}

// Count returns how often a promise was broken.
func (r Report) Count(c Counter) int { return len(r.Broken[c]) }

// Held reports whether every promise was kept.
func (r Report) Held() bool {
	return !slices.ContainsFunc(Counters(), func(c Counter) bool { return r.Count(c) > 0 })
}

// audit is one audit under way.
type audit struct {
	Input
	outside
	record
	workflows []workflow
	inbox     inbox
	refs      map[string]bool  // the references of the refunds that the record has
	wrong     map[string]bool  // the orders that did not end right
	met       map[string]bool  // the failures that left traces
	behind    map[string]bool  // the orders that are only left behind
	open      map[string]int64 // pieces that are reserved, by product
	gone      map[string]int64 // pieces that must have left the stock, by product
	watched   map[string]bool  // the cases whose workflow runs
	report    Report
}

// Run reads everything and counts. The shop must be at rest, see AtRest, and must have
// searched for the events whose webhooks did not come.
func Run(ctx context.Context, in Input) (Report, error) {
	a := &audit{
		Input: in, refs: map[string]bool{}, behind: map[string]bool{}, wrong: map[string]bool{}, met: map[string]bool{},
		open: map[string]int64{}, gone: map[string]int64{}, watched: map[string]bool{},
		report: Report{Broken: map[Counter][]string{}, Statuses: map[string]int{}, Cases: map[string]map[string]int{}},
	}
	if err := a.read(ctx); err != nil {
		return a.report, err
	}
	defer a.record.close()
	a.countPlaced()
	a.countPayments()
	if err := a.eachOrders(ctx, a.countOrders); err != nil {
		return a.report, err
	}
	a.countRefunds()
	a.countWorkflows()
	if err := errors.Join(a.countStock(ctx), a.countOtherCases(ctx), a.countEvents(ctx)); err != nil {
		return a.report, err
	}
	a.report.Listed = len(a.inbox.listed)
	a.report.EndedRight = a.report.Orders - len(a.wrong)
	if len(a.replacedIn) > 0 {
		a.met["F87"] = true
	}
	a.report.Exercised = slices.Sorted(maps.Keys(a.met))
	return a.report, nil
}

// countOrders counts what is wrong with some orders, of which the record has the
// details.
func (a *audit) countOrders(some []orderRow) {
	for _, o := range some {
		a.report.Statuses[o.status]++
		a.countEnd(o)
		a.countLabels(o)
		a.countMails(o)
		a.compareMoney(o)
		a.countTimeline(o)
		a.countCases(o)
		a.countReserved(o)
		a.metBy(o)
		a.behind[o.id] = a.leftBehind(o)
		for _, r := range a.record.refunds[o.id] {
			a.refs[r.reference] = true
		}
	}
}

// read reads the record first, because it names the orders.
func (a *audit) read(ctx context.Context) (err error) {
	if a.record, err = openOrders(ctx, a.Input.Record); err != nil {
		return err
	}
	a.report.Orders = len(a.orders)
	for _, p := range a.Placed {
		if _, found := a.order(p.Order); !found {
			a.report.Orders++
		}
	}
	if a.inbox, err = a.readInbox(ctx); err == nil {
		a.outside, err = a.Sandbox.collect(ctx)
	}
	if err == nil {
		a.workflows, err = workflows(ctx, a.Temporal, ofOrders)
	}
	if err == nil {
		a.watched, err = watchedCases(ctx, a.Temporal)
	}
	if err != nil {
		a.record.close()
	}
	return err
}

// broke notes a broken promise.
func (a *audit) broke(c Counter, what string) {
	a.report.Broken[c] = append(a.report.Broken[c], what)
}

// endedWrong notes an order that is lost, stuck, or whose end is wrong.
func (a *audit) endedWrong(c Counter, id, what string) {
	a.wrong[id] = true
	a.broke(c, id+" "+what)
}

// AtRest reports whether nothing is under way: no order has work left but mails whose
// sender has died, no mail is due, every event that came was delivered, and no case waits about
// an order that needs nobody. It returns what is under way.
func AtRest(ctx context.Context, in Input) (busy []string, err error) {
	a := &audit{Input: in}
	running, err := workflows(ctx, in.Temporal, ofOrders+" AND ExecutionStatus = 'Running'")
	if err != nil {
		return nil, err
	}
	if a.db, err = openRecord(in.Record); err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	defer a.record.close()
	for _, w := range running {
		behind, err := a.isLeftBehind(ctx, w.order)
		if err != nil {
			return nil, err
		}
		if !behind {
			busy = append(busy, "the workflow of "+w.order)
		}
	}
	waiting, err := a.unsettledCases(ctx)
	if err != nil {
		return nil, err
	}
	busy = append(busy, waiting...)
	if err := each(ctx, a.db, "SELECT mail_key FROM mails WHERE state = 'due' ORDER BY mail_key", nil, func(row *sql.Rows) error {
		var key string
		err := row.Scan(&key)
		busy = append(busy, "the mail "+key)
		return err
	}); err != nil {
		return nil, err
	}
	err = a.eachItem(ctx, "state IN ('received', 'held') AND type <> 'SubscriptionConfirmation'", func(i inboxRow) {
		busy = append(busy, "the event "+i.eventID)
	})
	return busy, err
}
