package plant

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"purser/order"
	"purser/shop"
)

// payAgain pays an order once more, outside of the shop.
func (s Shop) payAgain(ctx context.Context, capture string) error {
	o, err := s.delivered(ctx)
	if err != nil {
		return err
	}
	form := url.Values{
		"amount": {strconv.FormatInt(o.Total.Amount, 10)}, "currency": {strings.ToLower(o.Total.Currency)}, "capture_method": {capture},
		"payment_method": {"pm_card_visa"}, "confirm": {"true"}, "metadata[order_id]": {string(o.ID)},
	}
	return s.post(ctx, "/stripe/v1/payment_intents", s.StripeKey, "application/x-www-form-urlencoded", form.Encode())
}

// refundTwice makes two refunds for one operation, under two idempotency keys.
func (s Shop) refundTwice(ctx context.Context) error {
	o, err := s.delivered(ctx)
	if err != nil {
		return err
	}
	for range 2 {
		form := url.Values{
			"payment_intent": {o.Payment().Reference}, "amount": {strconv.FormatInt(order.Granule(o.Total.Currency), 10)},
			"metadata[key]": {string(o.ID) + ":refund-planted:1"},
		}
		if err := s.post(ctx, "/stripe/v1/refunds", s.StripeKey, "application/x-www-form-urlencoded", form.Encode()); err != nil {
			return err
		}
	}
	return nil
}

// bookAgain books a second parcel of an order.
func (s Shop) bookAgain(ctx context.Context) error {
	o, err := s.delivered(ctx)
	if err != nil {
		return err
	}
	return s.book(ctx, string(o.ID)+"-9", []shop.ItemQuantity{{SKU: "mug-blue", Quantity: 1}})
}

// book books a label.
func (s Shop) book(ctx context.Context, reference string, goods []shop.ItemQuantity) error {
	to := map[string]string{"name": "Sam Shopper", "line1": "1 Quay Street", "city": "Harbourtown", "postal_code": "10115", "country": "DE"}
	var contents []map[string]any
	for _, g := range goods {
		contents = append(contents, map[string]any{"sku": g.SKU, "description": g.SKU, "quantity": g.Quantity})
	}
	body, err := json.Marshal(map[string]any{"reference": reference, "to": to, "parcels": []map[string]any{{"contents": contents}}})
	if err != nil {
		return err
	}
	return s.post(ctx, "/carrier/v1/labels", s.Carrier, "application/json", string(body))
}

// deliver has the carrier deliver a parcel.
func (s Shop) deliver(ctx context.Context, reference string) error {
	for _, status := range []string{"in_transit", "delivered"} {
		if err := s.post(ctx, "/carrier/sandbox/labels/"+reference+"/advance", s.Carrier, "application/json", `{"status":"`+status+`"}`); err != nil {
			return err
		}
	}
	return nil
}

// mailAgain sends a mail of an order a second time.
func (s Shop) mailAgain(ctx context.Context) error {
	o, err := s.delivered(ctx)
	if err != nil {
		return err
	}
	_, err = s.repeatMail(ctx, o.ID)
	return err
}

// mailUnknownAgain sends a mail a second time whose outcome the ledger does not know.
func (s Shop) mailUnknownAgain(ctx context.Context) error {
	o, err := s.delivered(ctx)
	if err != nil {
		return err
	}
	key, err := s.repeatMail(ctx, o.ID)
	if err != nil {
		return err
	}
	return s.exec(ctx, "UPDATE mails SET state = 'unknown' WHERE mail_key = '"+key+"'")
}

// repeatMail sends a mail that the sandbox has accepted once more, and returns its key
// in the ledger.
func (s Shop) repeatMail(ctx context.Context, id order.ID) (key string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.At.Sandbox+"/mail/messages.json?q="+string(id), nil)
	if err != nil {
		return "", err
	}
	b, err := send(req)
	if err != nil {
		return "", err
	}
	var found struct {
		Data []struct {
			From    string
			To      []string
			Subject string
			Tags    map[string]string
		}
	}
	if err := json.Unmarshal(b, &found); err != nil {
		return "", err
	}
	if len(found.Data) == 0 {
		return "", errors.New("the order has no mail")
	}
	m := found.Data[0]
	var tags []types.MessageTag
	for name, value := range m.Tags {
		tags = append(tags, types.MessageTag{Name: &name, Value: &value})
	}
	client := sesv2.New(sesv2.Options{
		BaseEndpoint: aws.String(s.At.Sandbox + "/ses"), Region: "sandbox",
		Credentials: credentials.NewStaticCredentialsProvider("sandbox", "sandbox", ""),
	})
	_, err = client.SendEmail(ctx, &sesv2.SendEmailInput{
		FromEmailAddress: &m.From, Destination: &types.Destination{ToAddresses: m.To}, EmailTags: tags,
		Content: &types.EmailContent{Simple: &types.Message{
			Subject: &types.Content{Data: aws.String("again")}, Body: &types.Body{Text: &types.Content{Data: aws.String("again")}},
		}},
	})
	if err != nil {
		return "", err
	}
	return url.PathUnescape(strings.ReplaceAll(m.Tags["message"], "_", "%"))
}

func (s Shop) post(ctx context.Context, path, key, contentType, body string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.At.Sandbox+path, bytes.NewReader([]byte(body)))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("Content-Type", contentType)
	_, err = send(req)
	return err
}

func send(req *http.Request) ([]byte, error) {
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode >= http.StatusBadRequest {
		err = fmt.Errorf("%s: %s", resp.Status, b)
	}
	return b, err
}
