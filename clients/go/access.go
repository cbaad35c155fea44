package aethergrid

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	// patience is how long a broker may take to say whether it lets somebody in.
	patience = 10 * time.Second
	// quiet is how long nothing may come before a reader asks whether it is still let in.
	quiet = 5 * time.Second
)

// refused asks a broker for an answer of any kind, and returns ErrDenied if that is refused.
//
// franz-go by itself would go on trying, and say nothing. If nobody answers, trying is right.
func refused(ctx context.Context, client *kgo.Client) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := client.Ping(ctx); err != nil && !isAway(err) {
		return fmt.Errorf("%w: %w", ErrDenied, err)
	}
	return nil
}

// isAway says whether an error is the network's or a passing trouble of a broker; if it is not, whoever
// was to let us in, or give us a token, said no.
func isAway(err error) bool {
	var network net.Error
	return errors.As(err, &network) || kgo.IsRetryableBrokerErr(err) || kerr.IsRetriable(err) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// denies says whether a broker's answer is that somebody may not do this.
func denies(err error) bool {
	for _, no := range []error{
		kerr.SaslAuthenticationFailed, kerr.UnsupportedSaslMechanism, kerr.TopicAuthorizationFailed,
		kerr.GroupAuthorizationFailed, kerr.ClusterAuthorizationFailed,
	} {
		if errors.Is(err, no) {
			return true
		}
	}
	return false
}

// unreachable returns an error as ErrUnreachable, or as ErrDenied if that is what it says.
func unreachable(err error, what string) error {
	kind := ErrUnreachable
	if denies(err) {
		kind = ErrDenied
	}
	return fmt.Errorf("%w: %s: %w", kind, what, err)
}

// poll waits for records, at most some. That a group was lost passes: franz-go joins it again.
func poll(ctx context.Context, reader *kgo.Client, most int) (kgo.Fetches, error) {
	for {
		waiting, cancel := context.WithTimeout(ctx, quiet)
		fetches := reader.PollRecords(waiting, most)
		cancel()
		err := fetches.Err()
		lost := (*kgo.ErrGroupSession)(nil)
		passes := errors.Is(err, context.DeadlineExceeded) || errors.As(err, &lost) && !denies(err)
		if !passes || ctx.Err() != nil {
			return fetches, err
		}
		if !fetches.Empty() {
			return fetches, nil
		}
		if err := refused(ctx, reader); err != nil {
			return nil, err
		}
	}
}
