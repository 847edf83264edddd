package shop

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"time"

	"purser/mail"
)

// CreateCampaign stores a draft. Sending the same draft again changes nothing.
func (c *Client) CreateCampaign(ctx context.Context, m mail.Campaign) (mail.CampaignStatus, error) {
	var st mail.CampaignStatus
	return st, c.call(ctx, http.MethodPost, "/v1/campaigns", m, &st)
}

// Uploaded is the result of uploading a list of recipients.
type Uploaded struct {
	Added      int64 `json:"added"`
	Duplicates int64 `json:"duplicates"`
	Invalid    int64 `json:"invalid"`
	Rows       []struct {
		Row     int    `json:"row"`
		Problem string `json:"problem"`
	} `json:"rows,omitempty"`
}

// AddRecipients streams a list of recipients to a draft.
func (c *Client) AddRecipients(ctx context.Context, id string, f mail.ListFormat, list io.Reader) (Uploaded, error) {
	var u Uploaded
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL+"/v1/campaigns/"+url.PathEscape(id)+"/recipients?format="+url.QueryEscape(string(f)), list)
	if err != nil {
		return u, err
	}
	req.Header.Set("Content-Type", "text/plain; charset=utf-8")
	resp, err := c.do(req)
	if err != nil {
		return u, err
	}
	defer resp.Body.Close()
	return u, json.NewDecoder(resp.Body).Decode(&u)
}

// Campaign returns the status of a campaign.
func (c *Client) Campaign(ctx context.Context, id string) (mail.CampaignStatus, error) {
	var st mail.CampaignStatus
	return st, c.call(ctx, http.MethodGet, "/v1/campaigns/"+url.PathEscape(id), nil, &st)
}

// Campaigns lists the latest campaigns, newest first.
func (c *Client) Campaigns(ctx context.Context) ([]mail.CampaignStatus, error) {
	var page struct {
		Campaigns []mail.CampaignStatus `json:"campaigns"`
	}
	return page.Campaigns, c.call(ctx, http.MethodGet, "/v1/campaigns", nil, &page)
}

// Recipients lists a campaign's recipients by the API's query parameters.
func (c *Client) Recipients(ctx context.Context, id string, query url.Values) ([]mail.Recipient, error) {
	var page struct {
		Recipients []mail.Recipient `json:"recipients"`
	}
	return page.Recipients, c.call(ctx, http.MethodGet, "/v1/campaigns/"+url.PathEscape(id)+"/recipients?"+query.Encode(), nil, &page)
}

// DeleteCampaign deletes a draft.
func (c *Client) DeleteCampaign(ctx context.Context, id string) error {
	return c.call(ctx, http.MethodDelete, "/v1/campaigns/"+url.PathEscape(id), nil, nil)
}

// StartCampaign starts a draft, or continues a campaign whose workflow has failed.
func (c *Client) StartCampaign(ctx context.Context, id string) (mail.CampaignStatus, error) {
	var st mail.CampaignStatus
	return st, c.call(ctx, http.MethodPost, "/v1/campaigns/"+url.PathEscape(id)+"/start", nil, &st)
}

// RetryCampaign begins the next round of a campaign that is done, for the recipients
// whose outcome has been unknown for at least unknownFor, rounded up to minutes.
func (c *Client) RetryCampaign(ctx context.Context, id string, round int, unknownFor time.Duration, reason string) (mail.CampaignStatus, error) {
	var st mail.CampaignStatus
	return st, c.call(ctx, http.MethodPost, "/v1/campaigns/"+url.PathEscape(id)+"/retry",
		map[string]any{"round": round, "unknownMinutes": int((unknownFor + time.Minute - 1) / time.Minute), "reason": reason}, &st)
}

// SteerCampaign pauses, resumes or cancels a campaign. verb is "pause", "resume" or
// "cancel".
func (c *Client) SteerCampaign(ctx context.Context, id, verb, reason string) (mail.CampaignStatus, error) {
	var st mail.CampaignStatus
	return st, c.call(ctx, http.MethodPost, "/v1/campaigns/"+url.PathEscape(id)+"/"+verb, map[string]string{"reason": reason}, &st)
}
