package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"purser/drill/audit"
	"purser/drill/plant"
	"purser/drill/run"
)

// The test binary is also the program that a drill starts as its shop, and its parts.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && slices.Contains([]string{"stack", "service", "purser"}, os.Args[1]) {
		main()
		return
	}
	os.Exit(m.Run())
}

// drill runs the program and returns its exit code and its result.
func drill(t *testing.T, args ...string) (code int, r run.Result) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = start(t.Context(), append(args, "--json"), &stdout, &stderr)
	if err := json.Unmarshal(stdout.Bytes(), &r); err != nil {
		t.Fatalf("exit code %d: %v in %q, %s", code, err, stdout.String(), stderr.String())
	}
	return code, r
}

// TestPlants breaks each promise on purpose: the auditor must notice each, and the
// program must exit with 1 (N31). A drill breaks several that do not hide each other.
func TestPlants(t *testing.T) {
	planted := map[audit.Counter]bool{}
	alone := []audit.Counter{audit.CasesOpen, audit.StockDifferences, audit.GoodsWithoutMoney, audit.DoubleParcels, audit.MoneyWithoutGoods} // each raises its counter alone
	for _, names := range []string{
		"lost_events,double_labels,double_mails,stock_reserved,stuck,double_charges,double_refunds",
		"double_captures,ledger_entry,resent_after_unknown",
		"money_without_goods,ledger_differences,unsent_mails,ended_wrong",
		"cases_open,stock_differences,goods_without_money,double_parcels",
	} {
		code, r := drill(t, "--orders=3", "--kills=0", "--hostility=none", "--seed=201", "--plant="+names)
		if code != 1 {
			t.Errorf("exit code %d with %s", code, names)
		}
		for name, n := range r.Noticed {
			if others := r.Besides[name]; slices.Contains(alone, name) && len(others) > 0 {
				t.Errorf("%s is noticed by %v, too: %v", name, others, r.Broken)
			}
			if planted[name] = true; n < 1 {
				t.Errorf("%s is not noticed by %s: %v", name, plant.Raises(name), r.Broken)
			}
		}
	}
	for _, name := range plant.Names() {
		if !planted[name] {
			t.Errorf("%s was not planted", name)
		}
	}
}

// TestKept: a drill without a plant finds nothing, and tells what it has met (N31, F87).
func TestKept(t *testing.T) {
	code, r := drill(t, "--orders=3", "--kills=1", "--hostility=none", "--seed=201")
	if code != 0 || r.EndedRight != 3 || r.Kills != 1 || r.SlowestRecovery == 0 || !slices.Contains(r.Exercised, "F87") {
		t.Errorf("exit code %d, %+v", code, r)
	}
}

// TestUsage: wrong usage is reported in one line, with exit code 2.
func TestUsage(t *testing.T) {
	for _, args := range [][]string{{"fly"}, {"--orders=0"}, {"--kills=-2"}, {"--hostility=wild"}, {"--engine=mysql"}, {"--plant=nothing"}, {"--at-once=-1"}, {"--rate=-1"}, {"--events=1ms"}} {
		var stdout, stderr bytes.Buffer
		code := start(context.Background(), args, &stdout, &stderr)
		if out := strings.TrimSuffix(stderr.String(), "\n"); code != 2 || stdout.Len() > 0 || strings.Contains(out, "\n") || !strings.HasPrefix(out, "drill: ") {
			t.Errorf("%v: exit code %d, %q, %q", args, code, stdout.String(), out)
		}
	}
}
