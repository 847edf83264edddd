package orders

import (
	"context"

	"purser/api/httpkit"
)

type searchInput struct {
	Text  string `query:"q" required:"true" minLength:"1" maxLength:"200" doc:"An id, a customer, an email address, a name or a product"`
	Limit int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"The maximum number of orders"`
}

// search finds orders for operators.
func (s *Service) search(ctx context.Context, in *searchInput) (*listOutput, error) {
	release, err := s.server.AcquireScan(ctx, httpkit.ForOperators)
	if err != nil {
		return nil, err
	}
	defer release()
	found, err := s.Records.FindOrders(ctx, in.Text, httpkit.CallOf(ctx).Customer, in.Limit)
	if err != nil {
		return nil, err
	}
	page := orderPage{Orders: []Order{}}
	for _, o := range found {
		page.Orders = append(page.Orders, viewOf(o))
	}
	return &listOutput{page}, nil
}
