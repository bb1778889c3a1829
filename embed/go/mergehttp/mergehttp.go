// Package mergehttp sends the engine's requests to Merge with net/http. Here, and
// nowhere else, the origin, the API key and the account's token are put on a request.
package mergehttp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	mergesync "github.com/merge-sync/merge-sync/embed/go"
)

// Tokens knows the accounts' tokens; a [mergesync.Store] does.
type Tokens interface {
	// Token returns the account's token; empty where there is none.
	Token(ctx context.Context, account string) (mergesync.Secret, error)
}

// Config is where requests go, and as whom.
type Config struct {
	// BaseURL is "https://api.merge.dev" where it is empty; without a path.
	BaseURL string
	// APIKey is the operator's.
	APIKey mergesync.Secret
	Tokens Tokens
	// Clock is the machine's where it is nil.
	Clock mergesync.Clock
	// Limits are [DefaultLimits] where it is nil.
	Limits *Limits
	// Transport is [http.DefaultTransport] where it is nil.
	Transport http.RoundTripper
}

const (
	defaultURL = "https://api.merge.dev"
	// timeout leaves a second of the thirty that the contract gives.
	timeout = 29 * time.Second
	// largestBody: Merge's pages hold at most 100 records, and the engine asks for fewer
	// where these are too large.
	largestBody = 8 << 20
)

// Client sends requests. It implements [mergesync.HTTP].
type Client struct {
	base   string
	key    mergesync.Secret
	tokens Tokens
	clock  mergesync.Clock
	budget *budget
	client http.Client
}

var _ mergesync.HTTP = (*Client)(nil)

// New checks the address and the key.
func New(config Config) (*Client, error) {
	base := strings.TrimRight(config.BaseURL, "/")
	if base == "" {
		base = defaultURL
	}
	parsed, err := url.Parse(base)
	if err != nil || parsed.Host == "" || parsed.Path != "" || parsed.RawQuery != "" || parsed.User != nil {
		return nil, errors.New("mergehttp: base url: expected one such as `https://api.merge.dev`, without a path")
	}
	if config.APIKey == "" {
		return nil, errors.New("mergehttp: api key: it is empty")
	}
	if config.Tokens == nil {
		return nil, errors.New("mergehttp: tokens: found nil, expected a store")
	}
	limits := DefaultLimits()
	if config.Limits != nil {
		limits = *config.Limits
	}
	clock := config.Clock
	if clock == nil {
		clock = mergesync.SystemClock{}
	}
	return &Client{
		base:   base,
		key:    config.APIKey,
		tokens: config.Tokens,
		clock:  clock,
		budget: newBudget(limits),
		client: http.Client{
			Transport: config.Transport,
			Timeout:   timeout,
			// A redirect could carry the key elsewhere, and the engine has a rule for it.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// Send implements [mergesync.HTTP].
func (c *Client) Send(ctx context.Context, request mergesync.HTTPRequest) (mergesync.HTTPResponse, error) {
	token, err := c.tokens.Token(ctx, request.Account)
	if err != nil {
		return mergesync.HTTPResponse{}, err
	}
	if token == "" {
		return mergesync.HTTPResponse{}, &mergesync.NoTokenError{Account: request.Account}
	}
	built, err := c.build(ctx, request, token)
	if err != nil {
		return mergesync.HTTPResponse{}, err
	}
	admitted, err := c.admit(ctx, request.Account)
	if err != nil {
		return mergesync.HTTPResponse{}, err
	}
	counts := other
	defer func() { c.budget.settle(admitted, counts, c.clock.Now()) }()
	response, err := c.client.Do(built)
	if err == nil {
		defer response.Body.Close()
		counts = answerOf(response.StatusCode)
		var answer mergesync.HTTPResponse
		if answer, err = read(response); err == nil {
			return answer, nil
		}
	}
	err = cause(err)
	var timedOut *mergesync.TimedOutError
	// A status that was heard before the time was over counts as it is.
	if counts == other && errors.As(err, &timedOut) {
		counts = late
	}
	return mergesync.HTTPResponse{}, err
}

func (c *Client) build(ctx context.Context, request mergesync.HTTPRequest, token mergesync.Secret) (*http.Request, error) {
	if request.Method != http.MethodGet && request.Method != http.MethodPost {
		return nil, fmt.Errorf("method `%s` is not sent", request.Method)
	}
	// Anything but a path could name another host, and it would be given the key.
	if !strings.HasPrefix(request.Target, "/") {
		return nil, errors.New("the target is not a path")
	}
	built, err := http.NewRequestWithContext(ctx, request.Method, c.base+request.Target, nil)
	if err != nil {
		return nil, errors.New("the target is no part of a url")
	}
	built.Header.Set("Authorization", "Bearer "+string(c.key))
	built.Header.Set("X-Account-Token", string(token))
	built.Header.Set("User-Agent", "merge-sync/"+mergesync.Version)
	return built, nil
}

// admit waits a little for room in the budget.
func (c *Client) admit(ctx context.Context, account string) (admission, error) {
	started := c.clock.Now()
	for {
		now := c.clock.Now()
		admitted, wait := c.budget.admit(account, now)
		if wait == 0 {
			return admitted, nil
		}
		if now.Sub(started)+wait > c.budget.limits.Patience {
			return admission{}, &mergesync.HeldBackError{After: wait}
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return admission{}, ctx.Err()
		}
	}
}

func read(answer *http.Response) (mergesync.HTTPResponse, error) {
	body, err := io.ReadAll(io.LimitReader(answer.Body, largestBody+1))
	if len(body) > largestBody {
		message := fmt.Sprintf("the body of a %d is larger than %d bytes", answer.StatusCode, largestBody)
		return mergesync.HTTPResponse{}, &mergesync.TooLargeError{Message: message}
	}
	if err != nil {
		return mergesync.HTTPResponse{}, err
	}
	response := mergesync.HTTPResponse{Status: uint16(answer.StatusCode), Body: body}
	for name, values := range answer.Header {
		for _, value := range values {
			response.Headers = append(response.Headers, mergesync.HTTPHeader{Name: strings.ToLower(name), Value: value})
		}
	}
	return response, nil
}

// cause is a failure without the address, whose query is long and says nothing.
func cause(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	// A name that no resolver answered for is unresolved.
	var unresolved *net.DNSError
	var waited net.Error
	if errors.As(err, &waited) && waited.Timeout() && !errors.As(err, &unresolved) {
		return &mergesync.TimedOutError{Message: err.Error()}
	}
	return err
}
