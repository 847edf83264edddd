package cases

import (
	"time"

	steps "purser/activities/cases"
	"purser/activities/mails"
	"purser/workflows"
)

// do and doMail name the activities; their methods are called by the worker, never
// here.
var (
	do     *steps.Activities
	doMail *mails.Activities
)

var (
	openCase      = workflows.NewStep(workflows.RecordQueue, do.OpenCase)
	saveCase      = workflows.NewCommand(workflows.RecordQueue, do.SaveCase)
	lookAtMatter  = workflows.NewStep(workflows.RecordQueue, do.LookAtMatter)
	resolveMatter = workflows.NewStep(workflows.RecordQueue, do.ResolveMatter)
	prepareMail   = workflows.NewStep(workflows.RecordQueue, do.PrepareMail)
	sweepCases    = workflows.NewStep(workflows.RecordQueue, do.SweepCases).Long(sweepWithin, time.Minute, workflows.LongestBackoff)
	sendMessage   = workflows.NewStep(workflows.MailQueue, doMail.SendMessage)
	skipMessage   = workflows.NewStep(workflows.MailQueue, doMail.SkipMessage)
)
