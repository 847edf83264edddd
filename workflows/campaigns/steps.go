package campaigns

import (
	"time"

	steps "purser/activities/campaigns"
	"purser/workflows"
)

// do names the activities; its methods are called by the worker, never here.
var do *steps.Activities

// These steps write the record.
var (
	markCampaign  = workflows.NewCommand(workflows.RecordQueue, do.MarkCampaign)
	retryCampaign = workflows.NewCommand(workflows.RecordQueue, do.RetryCampaign)
)

const (
	chunkTimeout = 5 * time.Minute // a chunk ends by itself after one minute
	chunkSilence = 20 * time.Second
)

// These steps run on a separate queue: campaigns must not delay the mails of orders.
var (
	gatherRecipients = workflows.NewStep(workflows.BulkQueue, do.GatherRecipients).Long(chunkTimeout, chunkSilence, workflows.LongestBackoff).Bulk()
	sendChunk        = workflows.NewStep(workflows.BulkQueue, do.SendCampaignChunk).Long(chunkTimeout, chunkSilence, workflows.LongestBackoff).Bulk()
)
