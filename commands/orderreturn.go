package commands

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"purser/commands/terminal"
	"purser/order"
	"purser/shop"
)

// orderReturnCmd holds the commands on an order's returns.
type orderReturnCmd struct {
	List    returnListCmd    `cmd:"" help:"List an order's returns."`
	Request returnRequestCmd `cmd:"" help:"Ask whether goods that were delivered may be sent back."`
	Approve returnApproveCmd `cmd:"" help:"Approve a return: the shopper is mailed how to send the goods back."`
	Reject  returnRejectCmd  `cmd:"" help:"Reject a return: the shopper is mailed."`
	Label   returnLabelCmd   `cmd:"" help:"Download the label of a return that the carrier has made, to print it."`
	Receive returnReceiveCmd `cmd:"" help:"Take goods of a return that have arrived, and refund them, less a fee and a damage."`
	Cancel  returnCancelCmd  `cmd:"" help:"Cancel a return whose goods have not arrived."`
}

type returnListCmd struct {
	OrderID string `arg:"" name:"id" help:"The order's id."`
}

func (x *returnListCmd) Run(e *env, c *commands) error {
	client, err := c.Order.client()
	if err != nil {
		return err
	}
	all, err := client.Returns(e.ctx, order.ID(x.OrderID))
	if err != nil {
		return err
	}
	if c.Order.JSON {
		return json.NewEncoder(e.stdout).Encode(map[string][]shop.Return{"returns": all})
	}
	t := terminal.NewTable(e.stdout)
	for _, r := range all {
		printReturn(t, r)
	}
	return t.Flush()
}

type returnRequestCmd struct {
	OrderID string     `arg:"" name:"id" help:"The order's id."`
	Line    []piecesOf `sep:"none" required:"" help:"Goods, as SKU=quantity; repeatable." placeholder:"SKU=N"`
	Reason  string     `required:"" help:"Why they are sent back."`
	Want    []piecesOf `name:"exchange" sep:"none" help:"Goods that the shopper wants instead of the money, as SKU=quantity; repeatable. They are ordered when the others have arrived." placeholder:"SKU=N"`
	Key     string     `name:"return-id" help:"Your id of the return, which makes repeating the command safe. Default: a new one." placeholder:"ID"`
}

func (x *returnRequestCmd) Run(e *env, c *commands) error {
	r := order.ReturnRequest{ID: keyOr(x.Key, "rt"), Reason: x.Reason}
	for _, l := range x.Line {
		r.Lines = append(r.Lines, order.ReturnItem{SKU: l.SKU, Quantity: l.Quantity})
	}
	for _, l := range x.Want {
		r.Exchange = append(r.Exchange, order.RequestLine{SKU: l.SKU, Quantity: l.Quantity})
	}
	return c.Order.send(e, func(client *shop.Client) (shop.Order, error) {
		return client.RequestReturn(e.ctx, order.ID(x.OrderID), r)
	})
}

// ofReturn names a return, and says why a step is taken about it.
type ofReturn struct {
	OrderID string `arg:"" name:"id" help:"The order's id."`
	Return  string `arg:"" help:"The return's id, which 'purser order return list' prints."`
	Reason  string `required:"" help:"The reason, for operators."`
}

func (x ofReturn) decide(e *env, c *commands, d order.ReturnDecision) error {
	d.ID = x.Return
	return c.Order.send(e, func(client *shop.Client) (shop.Order, error) {
		return client.DecideReturn(e.ctx, order.ID(x.OrderID), d, x.Reason)
	})
}

type returnApproveCmd struct {
	ofReturn `embed:""`
	Link     string `xor:"label" help:"The address of the return label, which the mail offers."`
	Label    bool   `xor:"label" help:"The carrier makes the return label, and the mail carries its file."`
}

func (x *returnApproveCmd) Run(e *env, c *commands) error {
	return x.decide(e, c, order.ReturnDecision{Step: order.StepApprove, Link: x.Link, Label: x.Label})
}

type returnLabelCmd struct {
	OrderID string `arg:"" name:"id" help:"The order's id."`
	Return  string `arg:"" help:"The return's id, which 'purser order return list' prints."`
	Format  string `enum:"pdf,zpl" default:"pdf" help:"The form of the file: pdf, or zpl for a label printer."`
	Out     string `short:"o" name:"output" help:"The file to write; - for standard output. Default: return-, the return's id and the format." placeholder:"FILE"`
}

func (x *returnLabelCmd) Run(e *env, c *commands) error {
	client, err := c.Order.client()
	if err != nil {
		return err
	}
	f := order.LabelFormat(x.Format)
	file, err := client.ReturnLabel(e.ctx, order.ID(x.OrderID), x.Return, f)
	if err != nil {
		return err
	}
	return writeLabel(e, cmp.Or(x.Out, order.LabelFileName(x.Return, f)), file)
}

type returnRejectCmd struct {
	ofReturn `embed:""`
	Message  string `help:"What the shopper is told beside the decision."`
}

func (x *returnRejectCmd) Run(e *env, c *commands) error {
	return x.decide(e, c, order.ReturnDecision{Step: order.StepReject, Message: x.Message})
}

type returnCancelCmd struct {
	ofReturn `embed:""`
	Message  string `help:"What the shopper is told beside the decision."`
}

func (x *returnCancelCmd) Run(e *env, c *commands) error {
	return x.decide(e, c, order.ReturnDecision{Step: order.StepCancel, Message: x.Message})
}

type returnReceiveCmd struct {
	ofReturn `embed:""`
	Line     []piecesOf `sep:"none" required:"" help:"Goods that have arrived, as SKU=quantity, with the damaged ones; repeatable." placeholder:"SKU=N"`
	Damaged  []piecesOf `sep:"none" help:"How many of them are damaged, as SKU=quantity; repeatable. They are written off." placeholder:"SKU=N"`
	Restock  bool       `help:"The goods that are not damaged are for sale again. Otherwise they are written off, too."`
	Fee      string     `help:"What the shop keeps of their price: an amount in major units of the order's currency, such as 4.50, or whole per cent, such as 10%." placeholder:"FEE"`
	Damage   decimal    `help:"What the shop keeps for the damage, in major units." placeholder:"AMOUNT"`
	PaidOut  string     `help:"The proof of a refund that a person has paid out already. Needed if the order was not paid at a payment provider." placeholder:"PROOF"`
}

func (x *returnReceiveCmd) Run(e *env, c *commands) error {
	client, err := c.Order.client()
	if err != nil {
		return err
	}
	o, err := client.Order(e.ctx, order.ID(x.OrderID))
	if err != nil {
		return err
	}
	r, err := x.receipt(o.Total.Currency)
	if err != nil {
		return err
	}
	if o, err = client.ReceiveReturn(e.ctx, o.ID, x.Return, r); err != nil {
		return err
	}
	return c.Order.print(e.stdout, o)
}

// receipt returns the request of the flags. Its amounts are in the order's currency.
func (x *returnReceiveCmd) receipt(currency string) (shop.ReturnReceipt, error) {
	r := shop.ReturnReceipt{Reason: x.Reason}
	r.PaidOut = x.PaidOut
	damaged := map[string]int64{}
	for _, l := range x.Damaged {
		damaged[l.SKU] += l.Quantity
	}
	for _, l := range x.Line {
		r.Lines = append(r.Lines, order.ReceivedItem{SKU: l.SKU, Quantity: l.Quantity, Damaged: damaged[l.SKU], Restock: x.Restock})
		delete(damaged, l.SKU)
	}
	for sku := range damaged {
		return r, usageError{fmt.Errorf("--damaged: no --line has %q", sku)}
	}
	var err error
	if percent, ok := strings.CutSuffix(x.Fee, "%"); ok {
		if r.FeePercent, err = strconv.ParseInt(percent, 10, 64); err != nil {
			return r, usageError{fmt.Errorf("--fee %q: want an amount, or whole per cent such as 10%%", x.Fee)}
		}
	} else if x.Fee != "" {
		var fee decimal
		if err := fee.UnmarshalText([]byte(x.Fee)); err != nil {
			return r, usageError{fmt.Errorf("--fee: %w", err)}
		}
		if r.Fee, err = fee.in(currency, "--fee", ""); err != nil {
			return r, err
		}
	}
	if x.Damage != "" {
		r.Damage, err = x.Damage.in(currency, "--damage", "")
	}
	return r, err
}

// printReturn prints a return, and what happens to it by itself.
func printReturn(w io.Writer, r shop.Return) {
	var goods []string
	for _, l := range r.Lines {
		s := fmt.Sprintf("%d × %s", l.Quantity, l.SKU)
		if l.Received > 0 {
			s = fmt.Sprintf("%d of %s received", l.Received, s)
		}
		if l.Damaged > 0 {
			s += fmt.Sprintf(", %d damaged", l.Damaged)
		}
		goods = append(goods, s)
	}
	money := ""
	if r.Refund.Currency != "" {
		money = "refund of " + r.Refund.String()
	}
	came := ""
	if r.Parcel > 0 && r.NoRefund && r.Status == order.ReturnExpected {
		came = "(nothing more is refunded)"
	}
	fmt.Fprintf(w, "return %s\t%s: %s\n", r.ID, nonEmpty(string(r.Status), money, came), strings.Join(goods, "; "))
	if r.Label.Status != "" {
		fmt.Fprintf(w, "  label\t%s\n", nonEmpty(string(r.Label.Status), r.Label.Carrier, r.Label.Tracking))
	}
	if x := r.Exchange; x != nil {
		printExchange(w, *x)
	}
	if !r.Due.IsZero() {
		fmt.Fprintf(w, "  until\t%s, then %s\n", r.Due.Format(time.RFC3339), r.Status.Rule().Says)
	}
}

// printExchange prints what the shopper wants instead of the money, and what came of it.
func printExchange(w io.Writer, x shop.Exchange) {
	var goods []string
	for _, l := range x.Lines {
		goods = append(goods, fmt.Sprintf("%d × %s", l.Quantity, l.SKU))
	}
	came := ""
	switch {
	case x.Refused != "":
		came = ": refused: " + x.Refused
	case x.Credit.Currency != "":
		came = fmt.Sprintf(": %s pay for order %s", x.Credit, x.OrderID)
	}
	back := order.Money{Currency: x.Offered.Currency}
	for _, p := range x.Returned {
		back.Amount += p.Amount
	}
	if back.Amount > 0 {
		came += fmt.Sprintf(", of which %s came back", back)
	}
	fmt.Fprintf(w, "  exchange\t%s%s\n", strings.Join(goods, ", "), came)
}
