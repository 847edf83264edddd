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

type statsOutput struct {
	Body struct {
		Total mailrecords.Figures   `json:"total" doc:"Of the whole span; day, provider and template are empty"`
		Days  []mailrecords.Figures `json:"days" doc:"By day, provider and template, the latest day first"`
	}
}

// mailStats counts mails on the day they were sent.
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
	out.Body.Days = append([]mailrecords.Figures{}, days...)
	for _, d := range days {
		out.Body.Total.Add(d)
	}
	return out, nil
}
