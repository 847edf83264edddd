package mails

import (
	"context"
	"time"

	"purser/api/httpkit"
	"purser/mail"
	"purser/order"
)

type marketingBody struct {
	Paused    bool            `json:"paused"`
	Why       string          `json:"why,omitempty" doc:"The reason of the last pause or resumption"`
	Actor     string          `json:"actor,omitempty"`
	At        time.Time       `json:"at,omitzero" doc:"When marketing was last paused or resumed"`
	Standings []standing      `json:"standings" doc:"The bounces and complaints of the latest mails, by provider, since marketing was last resumed"`
	Limits    marketingLimits `json:"limits"`
	// BadLinks counts requests with links that Purser did not make.
	BadLinks int64 `json:"badLinks" doc:"Invalid unsubscribe links and forms that this process has refused since it started"`
}

type standing struct {
	mail.Standing
	BounceRate    int64 `json:"bouncesPerMillion"`
	ComplaintRate int64 `json:"complaintsPerMillion"`
}

type marketingLimits struct {
	Bounces    int64 `json:"bouncesPerMillion"`
	Complaints int64 `json:"complaintsPerMillion"`
	Share      int64 `json:"pauseAtPercent" doc:"Marketing is paused automatically at this percentage of the limits"`
	Least      int64 `json:"leastSends" doc:"With fewer sends, the rates are not evaluated"`
	Latest     int   `json:"latestSends" doc:"The number of latest sends that are evaluated"`
}

type marketingOutput struct{ Body marketingBody }

// marketing returns whether marketing is paused, with its rates and limits.
func (s *Service) marketing(ctx context.Context, _ *struct{}) (*marketingOutput, error) {
	p, err := s.Records.MailPause(ctx, mail.Marketing)
	if err != nil {
		return nil, err
	}
	standings, err := s.Records.Standings(ctx, s.Latest)
	if err != nil {
		return nil, err
	}
	t := s.Tolerance.WithDefaults()
	out := &marketingOutput{marketingBody{
		Paused: p.Paused, Why: p.Why, Actor: p.Actor, At: p.At, Standings: []standing{}, BadLinks: s.badLinks.Load(),
		Limits: marketingLimits{t.Bounces, t.Complaints, t.Share, t.Least, s.Latest},
	}}
	for _, st := range standings {
		out.Body.Standings = append(out.Body.Standings, standing{st, st.BounceRate(), st.ComplaintRate()})
	}
	return out, nil
}

type steerMarketingInput struct {
	Body struct {
		Action string `json:"action" enum:"pause,resume"`
		Reason string `json:"reason" minLength:"1" maxLength:"200"`
	}
}

// steerMarketing pauses or resumes marketing. A request for the current state
// changes nothing.
func (s *Service) steerMarketing(ctx context.Context, in *steerMarketingInput) (*marketingOutput, error) {
	if err := order.CheckText("reason", in.Body.Reason, true, httpkit.MaxReason); err != nil {
		return nil, httpkit.RequestProblem(err)
	}
	actor, do := httpkit.CallOf(ctx).Actor(), s.Records.PauseMarketing
	if in.Body.Action == "resume" {
		do = s.Records.ResumeMarketing
	}
	changed, err := do(ctx, actor, in.Body.Reason)
	if err != nil {
		return nil, err
	}
	if changed {
		s.server.Log.WarnContext(ctx, "marketing "+in.Body.Action+"d", "actor", actor, "reason", in.Body.Reason)
	}
	return s.marketing(ctx, nil)
}
