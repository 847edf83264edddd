package fake

import "purser/order"

// Intents answers every intent of an order, oldest first.
func (b *Bank) Intents(id order.ID) []order.Intent {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []order.Intent
	for _, in := range b.intents {
		if in.OrderID == id {
			all = append(all, in.Intent)
		}
	}
	return all
}

// Change lets something happen to an intent at the provider that no call of
// ours asks for, such as a person's hand in the dashboard, and answers the
// news of it.
func (b *Bank) Change(id string, how func(*order.Intent)) order.PaymentNews {
	b.mu.Lock()
	defer b.mu.Unlock()
	in := b.find(id)
	how(&in.Intent)
	return in.News()
}
