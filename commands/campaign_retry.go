package commands

import (
	"errors"
	"time"
)

type campaignRetryCmd struct {
	ID         string        `arg:"" help:"The campaign's id."`
	UnknownFor time.Duration `help:"How long an outcome must have been unknown, since the provider may still report it. In minutes or hours." default:"1h"`
	Round      int           `help:"The round that left the outcomes unknown. Default: the campaign's latest."`
	Watch      bool          `help:"Follow it until it has ended or is paused."`
	Reason     string        `required:"" help:"The reason, for operators."`
}

func (c *campaignRetryCmd) Run(e *env, all *commands) error {
	if c.UnknownFor < 0 || c.Round < 0 {
		return usageError{errors.New("--unknown-for and --round must be 0 or more")}
	}
	client, err := all.Mail.client()
	if err != nil {
		return err
	}
	if c.Round == 0 {
		st, err := client.Campaign(e.ctx, c.ID)
		if err != nil {
			return err
		}
		c.Round = st.Round
	}
	st, err := client.RetryCampaign(e.ctx, c.ID, c.Round, c.UnknownFor, c.Reason)
	if err != nil {
		return err
	}
	if c.Watch {
		return all.Mail.followCampaign(e, client, c.ID)
	}
	return all.Mail.printCampaign(e.stdout, st)
}
