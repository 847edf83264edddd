package sns

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"
)

// places decides which addresses in a message may be called. Any other address
// is an attempt to make us send requests for someone else.
type places struct {
	origin string // "" means Amazon's
}

var (
	amazon   = regexp.MustCompile(`^https://sns\.[a-z]{2}(-[a-z]+)+-[0-9]{1,2}\.amazonaws\.com(\.cn)?/$`)
	certFile = regexp.MustCompile(`^[A-Za-z0-9_-]{1,200}\.pem$`)
)

var (
	errPlace = errors.New("an address that is not SNS's")
	errQuery = errors.New("an address that does not confirm this subscription")
)

func placesOf(origin string) (places, error) {
	if origin == "" {
		return places{}, nil
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || !strings.HasSuffix(u.Path, "/") || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return places{}, fmt.Errorf("sns: origin: want https://host/ or, on this machine, http://127.0.0.1:port/")
	}
	ip := net.ParseIP(u.Hostname())
	// A name without a dot, as containers have, is no public host.
	private := ip != nil && ip.IsLoopback() || ip == nil && !strings.ContainsAny(u.Hostname(), ".:")
	if u.Scheme != "https" && (u.Scheme != "http" || !private) {
		return places{}, fmt.Errorf("sns: origin: http is for this machine only")
	}
	return places{origin}, nil
}

// split splits an address at its last slash. It compares text, not parts of a
// parsed URL, because an address that is not spelled exactly as by SNS is not
// from SNS.
func (p places) split(address string) (rest string, ok bool) {
	path, query, _ := strings.Cut(address, "?")
	i := strings.LastIndexByte(path, '/')
	if i < 0 || !plain(address) {
		return "", false
	}
	base := path[:i+1]
	if p.origin != "" && base != p.origin || p.origin == "" && !amazon.MatchString(base) {
		return "", false
	}
	rest = path[i+1:]
	if strings.Contains(address, "?") {
		rest += "?" + query
	}
	return rest, true
}

// cert checks the address of a signing certificate and returns it with its host
// name.
func (p places) cert(address string) (checked, host string, err error) {
	file, ok := p.split(address)
	if !ok || !certFile.MatchString(file) {
		return "", "", fmt.Errorf("certificate: %w", errPlace)
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", "", fmt.Errorf("certificate: %w", errPlace)
	}
	return address, u.Hostname(), nil
}

// homes returns the hosts of the topics' certificates: SNS signs with a
// certificate of the topic's own region.
func (p places) homes(topics []string) map[string]bool {
	hosts := make(map[string]bool)
	if u, err := url.Parse(p.origin); err == nil && p.origin != "" {
		hosts[u.Hostname()] = true
		return hosts
	}
	for _, t := range topics {
		arn := strings.Split(t, ":")
		host := "sns." + arn[3] + ".amazonaws.com"
		if arn[1] == "aws-cn" {
			host += ".cn"
		}
		hosts[host] = true
	}
	return hosts
}

// confirmation checks that an address only confirms the subscription to a
// topic.
func (p places) confirmation(address, topic, token string) error {
	rest, ok := p.split(address)
	if !ok {
		return fmt.Errorf("subscribe: %w", errPlace)
	}
	query, ok := strings.CutPrefix(rest, "?")
	v, err := url.ParseQuery(query)
	if !ok || err != nil || len(v) != 3 || v.Get("Action") != "ConfirmSubscription" || v.Get("TopicArn") != topic || v.Get("Token") != token {
		return fmt.Errorf("subscribe: %w", errQuery)
	}
	return nil
}
