package mail

// Words are the texts of a campaign in one language. The placeholder {key} is
// replaced by the value of that key in the recipient's data, {name} and {shop}
// by the names of the recipient and the shop; "{{" stands for a brace.
type Words struct {
	Subject string   `json:"subject"`
	Preview string   `json:"preview,omitempty"` // the text that an inbox shows after the subject
	Heading string   `json:"heading"`
	Body    []string `json:"body"`             // paragraphs
	Button  string   `json:"button,omitempty"` // its label; without a link there is no button
	Link    string   `json:"link,omitempty"`   // where it leads
}
