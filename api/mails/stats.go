package mails

import (
	"context"
	"net/http"
	"time"

	"purser/api/httpkit"
	mailrecords "purser/records/mails"
)

type statsInput struct {
	From string `query:"from" format:"date" doc:"The first day, UTC. Default: 30 days ago"`
	To   string `query:"to" format:"date" doc:"The last day, UTC. Default: today"`
}

// mailFigures counts the mails sent and the feedback on them.
type mailFigures mailrecords.Figures

type statsOutput struct {
	Body struct {
		Total mailFigures   `json:"total" doc:"The sum of all days; day, provider and template are empty"`
		Days  []mailFigures `json:"days" doc:"By day, provider and template, the latest day first"`
	}
}

// mailStats returns the mails of a span of days and their feedback, both counted on
// the day when the mail was sent.
func (s *Service) mailStats(ctx context.Context, in *statsInput) (*statsOutput, error) {
	today := s.server.Now().UTC().Truncate(24 * time.Hour)
	from, to := today.AddDate(0, 0, -30), today
	for _, d := range []struct {
		text string
		day  *time.Time
	}{{in.From, &from}, {in.To, &to}} {
		if d.text == "" {
			continue
		}
		var err error
		if *d.day, err = time.Parse(time.DateOnly, d.text); err != nil {
			return nil, httpkit.NewProblem(http.StatusUnprocessableEntity, "invalid", "from, to: want a day such as 2026-03-01")
		}
	}
	if to.Before(from) || to.Sub(from) > 400*24*time.Hour {
		return nil, httpkit.NewProblem(http.StatusUnprocessableEntity, "invalid", "from, to: want at most 400 days, the earlier one first")
	}
	days, err := s.Records.MailStats(ctx, from, to.AddDate(0, 0, 1))
	if err != nil {
		return nil, err
	}
	out := &statsOutput{}
	out.Body.Days = make([]mailFigures, len(days))
	var total mailrecords.Figures
	for i, d := range days {
		out.Body.Days[i] = mailFigures(d)
		total.Add(d)
	}
	out.Body.Total = mailFigures(total)
	return out, nil
}
