package catalog

// Sample is the catalogue of the demo shop: two-, zero- and three-decimal
// currencies, and a mug and a shirt that come in variants.
func Sample() []Product {
	return []Product{
		{
			SKU: "mug-blue", Name: "Blue enamel mug", Price: 1450, Currency: "EUR", OnHand: 100_000,
			Brand: "Harbour Works", Category: "Kitchen", Tags: []string{"enamel", "camping", "dishwasher-safe"}, Rating: 460,
			Parent: "mug", Options: map[string]string{"colour": "blue"},
			Description: "A mug of steel, enamelled in the blue of the harbour's fishing boats. Holds 350 ml and outlives its owner.",
		},
		{
			SKU: "mug-red", Name: "Red enamel mug", Price: 1450, Currency: "EUR", OnHand: 40_000,
			Brand: "Harbour Works", Category: "Kitchen", Tags: []string{"enamel", "camping", "dishwasher-safe"}, Rating: 440,
			Parent: "mug", Options: map[string]string{"colour": "red"},
			Description: "The same mug in the red of a buoy. Holds 350 ml; chips, if ever, with dignity.",
		},
		{
			SKU: "tea-assam", Name: "Assam tea, 250 g", Price: 890, Currency: "EUR", OnHand: 100_000,
			Brand: "Lantern Tea", Category: "Tea", Tags: []string{"black tea", "loose leaf", "breakfast"}, Rating: 480,
			Description: "Second flush, malty and strong enough for milk. Loose leaves in a tin that keeps them dry at sea.",
		},
		{
			SKU: "kettle-steel", Name: "Steel kettle, 1.5 l", Price: 5900, Currency: "EUR", OnHand: 50_000,
			Brand: "Harbour Works", Category: "Kitchen", Tags: []string{"kettle", "stove", "stainless steel"}, Rating: 430,
			Description: "For gas, electric and induction stoves. Whistles in a minor third, so that one may let it.",
		},
		{
			SKU: "shirt-striped-s", Name: "Striped fisherman's shirt, S", Price: 4900, Currency: "EUR", OnHand: 8_000,
			Brand: "Nordkai", Category: "Clothing", Tags: []string{"cotton", "striped", "long sleeve"}, Rating: 410,
			Parent: "shirt-striped", Options: map[string]string{"size": "S", "colour": "navy and white"},
			Description: "Heavy cotton, woven in the round, striped in navy and white.",
		},
		{
			SKU: "shirt-striped-m", Name: "Striped fisherman's shirt, M", Price: 4900, Currency: "EUR", OnHand: 12_000,
			Brand: "Nordkai", Category: "Clothing", Tags: []string{"cotton", "striped", "long sleeve"}, Rating: 410,
			Parent: "shirt-striped", Options: map[string]string{"size": "M", "colour": "navy and white"},
			Description: "Heavy cotton, woven in the round, striped in navy and white.",
		},
		{
			SKU: "poster-harbour", Name: "Harbour poster, 50 × 70 cm", Price: 2400, Currency: "USD", OnHand: 50_000,
			Brand: "Pier Nine Press", Category: "Prints", Tags: []string{"poster", "harbour", "screen print"}, Rating: 390,
			Description: "A screen print in four colours: cranes at dawn, before the first ship. Sent in a tube.",
		},
		{
			SKU: "bowl-hagi", Name: "Hagi tea bowl", Price: 6800, Currency: "JPY", OnHand: 5_000,
			Brand: "Kiln of the Tide", Category: "Tea", Tags: []string{"ceramics", "handmade", "tea ceremony"}, Rating: 500,
			Description: "Thrown by hand and fired in a climbing kiln. Its glaze takes on the colour of tea over the years.",
		},
		{
			SKU: "oud-oil", Name: "Oud oil, 12 ml", Price: 12_750, Currency: "KWD", OnHand: 1_000,
			Brand: "Dhow & Sons", Category: "Fragrance", Tags: []string{"oud", "oil", "gift"}, Rating: 470,
			Description: "Distilled from agarwood. One drop is enough, two are a statement.",
		},
		{
			SKU: "last-lamp", Name: "Ship's lamp, the last one", Price: 19_900, Currency: "EUR", OnHand: 1,
			Brand: "Harbour Works", Category: "Lighting", Tags: []string{"brass", "lamp", "antique"}, Rating: 490,
			Description: "Brass and thick glass, from a ferry that no longer sails. There is exactly one.",
		},
	}
}

// SampleSearch returns the demo shop's settings of the search.
func SampleSearch() SearchSettings {
	return SearchSettings{Synonyms: [][]string{{"mug", "cup"}, {"sofa", "couch", "settee"}, {"trousers", "pants"}}}
}
