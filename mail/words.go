package mail

// Words are what a campaign says, in one language. A {key} in them stands for
// what a recipient's data says under that key, {name} and {shop} for the
// recipient and the shop; "{{" is a brace.
type Words struct {
	Subject string   `json:"subject"`
	Preview string   `json:"preview,omitempty"` // what a list of mails shows after the subject
	Heading string   `json:"heading"`
	Body    []string `json:"body"`             // paragraphs
	Button  string   `json:"button,omitempty"` // its label; without a link there is no button
	Link    string   `json:"link,omitempty"`   // where it leads
}
