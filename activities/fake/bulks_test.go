package fake_test

import (
	"fmt"
	"testing"

	"purser/activities/fake"
	"purser/activities/porttest"
	"purser/order"
)

func TestBulks(t *testing.T) {
	porttest.Bulks(t, func(*testing.T) porttest.BulkBench {
		var record fake.Bulks
		return porttest.BulkBench{
			Bulks: &record,
			Open: func(_ *testing.T, id string, orders int) {
				var ids []order.ID
				for i := range orders {
					ids = append(ids, order.ID(fmt.Sprint("ord_", i+1)))
				}
				record.OpenBulk(order.Bulk{ID: id}, ids...)
			},
			Outcomes: func(_ *testing.T, id string) []order.BulkOrder { return record.BulkOrders(id) },
		}
	})
}
