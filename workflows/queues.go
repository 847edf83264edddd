package workflows

// The task queues. Each provider has its own, so that a slow provider does not
// starve the others and its rate limit holds for all workers together.
const (
	OrdersQueue   = "orders" // the workflows themselves
	RecordQueue   = "record"
	PaymentsQueue = "payments"
	ParcelsQueue  = "parcels"
	MailQueue     = "mail"
	BulkQueue     = "bulk" // campaigns' mails, and actions on many orders
	OwnQueue      = "own"  // steps of the shop's own, which must not delay the others
	// CatalogueQueue is for changing and indexing products. It is separate, so
	// that many changed products do not delay orders.
	CatalogueQueue = "catalogue"
	// ImagesQueue is for processing images. It is separate, so that a thousand
	// images do not delay an order and so that a worker can limit how many it
	// decodes at once, because decoding takes memory.
	ImagesQueue = "images"
)
