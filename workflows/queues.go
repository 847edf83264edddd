package workflows

// The task queues. A provider has its own, so that a slow one starves nobody
// else and its rate limit holds for the whole fleet.
const (
	OrdersQueue   = "orders" // the workflows themselves
	RecordQueue   = "record"
	PaymentsQueue = "payments"
	ParcelsQueue  = "parcels"
	MailQueue     = "mail"
	BulkQueue     = "bulk" // campaigns' mails
	// CatalogueQueue is where products change and are indexed: behind orders,
	// however many products change at once.
	CatalogueQueue = "catalogue"
	// ImagesQueue is where images are worked on: a queue of their own, so
	// that a thousand of them never stand in the way of an order, and so many at
	// once per worker, because decoding takes memory.
	ImagesQueue = "images"
)
