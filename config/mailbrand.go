package config

import (
	"cmp"
	"errors"
	"fmt"
	netmail "net/mail"
	"time"

	"purser/mail"
	"purser/mail/templates"
)

// MailBrand holds the shop's texts and design for mails. It is part of Config.
type MailBrand struct {
	ShopName     string            `help:"The shop's name in mails. Default: the name in PURSER_MAIL_FROM." env:"PURSER_SHOP_NAME"`
	ShopLogo     string            `help:"Address of the shop's logo in mails, about 40 pixels high." env:"PURSER_SHOP_LOGO"`
	ShopColour   string            `help:"The shop's colour in mails, as #rrggbb." env:"PURSER_SHOP_COLOUR"`
	ShopImprint  string            `help:"The shop's legal name and address, at the end of each mail; lines separated by line breaks." env:"PURSER_SHOP_IMPRINT"`
	ShopReturnTo string            `help:"Address to which shoppers return goods. Default: the imprint." env:"PURSER_SHOP_RETURN_TO"`
	ShopPayTo    string            `help:"Where shoppers pay in advance, such as the holder and the number of a bank account, in the mail that asks for it. Default: it is not said." env:"PURSER_SHOP_PAY_TO"`
	ShopSupport  string            `help:"Email address to which shoppers may write." env:"PURSER_SHOP_SUPPORT"`
	ShopMail     string            `help:"Email address for mails to the shop itself, about disputes, cases and differences of the ledger. Default: PURSER_SHOP_SUPPORT, or else the address in PURSER_MAIL_FROM." env:"PURSER_SHOP_MAIL"`
	OrderURL     string            `name:"order-url" help:"Address of the page that shows a shopper's order; the order's id is appended." env:"PURSER_ORDER_URL"`
	TrackingURL  string            `name:"tracking-url" help:"Address of the page that tracks a parcel; {tracking} is replaced by its tracking number." env:"PURSER_TRACKING_URL"`
	ShopLocale   string            `help:"Language for shoppers whose own language is not known." env:"PURSER_SHOP_LOCALE" default:"en"`
	ShopZone     string            `help:"Time zone of the times in mails." env:"PURSER_SHOP_ZONE" default:"UTC"`
	MailSenders  map[string]string `help:"Other senders of some templates: dispute=Disputes <d@shop.example>;…" env:"PURSER_MAIL_SENDERS"`
}

// Shop returns the shop's data for the mail templates.
func (c *Config) Shop() (templates.Shop, error) {
	zone, err := time.LoadLocation(c.ShopZone)
	if err != nil {
		return templates.Shop{}, fmt.Errorf("PURSER_SHOP_ZONE: %w", err)
	}
	s := templates.Shop{
		Name: c.ShopName, Logo: c.ShopLogo, Colour: c.ShopColour, Imprint: c.ShopImprint, ReturnTo: c.ShopReturnTo, PayTo: c.ShopPayTo, Support: c.ShopSupport,
		OrderURL: c.OrderURL, TrackingURL: c.TrackingURL, Locale: c.ShopLocale, Zone: zone,
		Senders: map[templates.Template]string{},
	}
	if from, err := netmail.ParseAddress(c.MailFrom); err == nil && s.Name == "" {
		s.Name = from.Name
	}
	for t, from := range c.MailSenders {
		s.Senders[templates.Template(t)] = from
	}
	return s, nil
}

// ToShop returns the address for mails to the shop itself.
func (c *Config) ToShop() (mail.Address, error) {
	a, err := netmail.ParseAddress(cmp.Or(c.ShopMail, c.ShopSupport, c.MailFrom))
	if err != nil {
		return mail.Address{}, fmt.Errorf("PURSER_SHOP_MAIL: %w", err)
	}
	email, err := mail.Normalise(a.Address)
	if err != nil {
		return mail.Address{}, fmt.Errorf("PURSER_SHOP_MAIL: %w", err)
	}
	return mail.Address{Name: a.Name, Email: email}, nil
}

// checkMailBrand refuses settings with which the mail templates would fail.
func (c *Config) checkMailBrand() error {
	s, err := c.Shop()
	if err != nil {
		return err
	}
	if _, err := templates.New(s); err != nil {
		return errors.Join(errors.New("the shop's mails (PURSER_SHOP_…, PURSER_ORDER_URL, PURSER_TRACKING_URL, PURSER_MAIL_SENDERS)"), err)
	}
	_, err = c.ToShop()
	return err
}
