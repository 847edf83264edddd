package products

import (
	"reflect"

	"purser/catalog"
)

// compact leaves out of each outcome the description and the images that the outcome
// before it has too. They make up most of a product; a hundred of them would not fit
// into one message.
func compact(outcomes []ProductOutcome) {
	for i := len(outcomes) - 1; i > 0; i-- {
		p, before := &outcomes[i].Product, outcomes[i-1].Product
		if p.Description != "" && p.Description == before.Description {
			outcomes[i].SameDescription, p.Description = true, ""
		}
		if len(p.Images) > 0 && reflect.DeepEqual(p.Images, before.Images) {
			outcomes[i].SameImages, p.Images = true, nil
		}
	}
}

// Expand returns outcomes with the products complete. It is a function, because each
// exported method of Activities is an activity.
func Expand(outcomes []ProductOutcome) []ProductOutcome {
	var before catalog.Stocked
	for i := range outcomes {
		p := &outcomes[i].Product
		if outcomes[i].SameDescription {
			p.Description = before.Description
		}
		if outcomes[i].SameImages {
			p.Images = before.Images
		}
		before = *p
	}
	return outcomes
}
