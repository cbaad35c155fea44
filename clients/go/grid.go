package aethergrid

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// partitioner is that of Kafka's Java client, murmur2.
var partitioner = kgo.StickyKeyPartitioner(nil)

const (
	completed = "aether.sessions.ResponseCompleted"
	failed    = "aether.sessions.RunFailed"
	// remembered is how many ids a reader knows: a repeat follows its first soon.
	remembered = 10_000
)

// Config says where the grid is, and who you are. It prints without what is secret.
type Config struct {
	Bootstrap string    // host:port of brokers, with commas between them
	Registry  string    // a Confluent API, which may hold a user and password
	Node      string    // who you are in ce_source; "local" if empty
	Kafka     []kgo.Opt // franz-go's options, such as kgo.SASL(oauth.Oauth(...)) and kgo.DialTLS()
	Schemas   Schemas   // instead of Registry
	Inbox     bool      // everything goes to the inbox of Node: all that a node outside may write to
}

// String tells where the grid is, and not who you are.
func (c Config) String() string { return "aethergrid.Config{" + c.Bootstrap + "}" }

// GoString is String, for %#v.
func (c Config) GoString() string { return c.String() }

// Grid is a connection to a grid, safe to use from any goroutine.
type Grid struct {
	options  []kgo.Opt
	source   string
	schemas  Schemas
	producer *kgo.Client
	letIn    atomic.Bool
	inbox    string
}

// Connect opens a connection; nothing is asked of the grid yet.
func Connect(config Config) (*Grid, error) {
	grid := &Grid{source: "/aether/local/client", schemas: config.Schemas}
	if config.Node != "" {
		grid.source = "/aether/" + config.Node + "/client"
	}
	if config.Inbox {
		grid.inbox = config.Node
	}
	if grid.schemas == nil {
		registry, err := NewRegistry(config.Registry)
		if err != nil {
			return nil, err
		}
		grid.schemas = registry
	}
	grid.options = append([]kgo.Opt{
		kgo.SeedBrokers(strings.Split(config.Bootstrap, ",")...),
		kgo.RecordPartitioner(partitioner),
		kgo.ProducerLinger(time.Millisecond),
		kgo.ProducerBatchMaxBytes(2_000_000),
		kgo.RecordDeliveryTimeout(15 * time.Second),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.FetchMaxWait(200 * time.Millisecond),
	}, config.Kafka...)
	var err error
	if grid.producer, err = kgo.NewClient(grid.options...); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrUnreachable, err)
	}
	return grid, nil
}

// Close waits for what is on its way, then lets go of every connection.
func (g *Grid) Close(ctx context.Context) error {
	defer g.producer.Close()
	return g.producer.Flush(ctx)
}

// Draft is an event to be produced: a generated type or a map as its Value, and what is known of it.
type Draft struct {
	Name, Key                      string
	Value                          any
	Topic, EventID, RunID, CauseID string            // what is empty follows from Name, or is absent
	Trace                          map[string]string // traceparent and tracestate
}

// Send sends an event off; delivered hears what became of it. Waits while too many are on their way.
func (g *Grid) Send(ctx context.Context, draft Draft, delivered func(Place, error)) error {
	topic, eventID := draft.Topic, draft.EventID
	if topic == "" {
		topic = topicOf(draft.Name)
	}
	if eventID == "" {
		eventID = Minted()
	}
	schema, err := g.schemas.Latest(ctx, topic, draft.Name)
	if err != nil {
		return err
	}
	frame, err := encode(schema, draft.Value)
	if err != nil {
		return err
	}
	head := header{draft.Name, eventID, g.source, draft.RunID, draft.CauseID, time.Now(), draft.Trace}
	if !g.letIn.Load() {
		if err := refused(ctx, g.producer); err != nil {
			return err
		}
		g.letIn.Store(true)
	}
	if g.inbox != "" {
		topic, eventID = "aether.inbox."+g.inbox, inboxID(eventID, g.inbox)
	}
	record := &kgo.Record{Topic: topic, Key: []byte(draft.Key), Value: frame, Headers: head.records()}
	g.producer.Produce(ctx, record, func(landed *kgo.Record, err error) {
		delivered(Place{topic, landed.Partition, landed.Offset, eventID}, lost(err, draft.Name))
	})
	return nil
}

// Produce appends an event and returns where it stands once it is durable.
func (g *Grid) Produce(ctx context.Context, draft Draft) (Place, error) {
	var place Place
	landed := make(chan error, 1)
	err := g.Send(ctx, draft, func(at Place, err error) { place = at; landed <- err })
	if err == nil {
		err = <-landed
	}
	return place, err
}

// lost says of an event that was not delivered whether it may be there all the same.
func lost(err error, name string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, kerr.MessageTooLarge):
		return fmt.Errorf("%w: %s: %w", ErrBadEvent, name, err)
	case errors.Is(err, kgo.ErrRecordTimeout), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return fmt.Errorf("%w: %s: %w", ErrUnknown, name, err)
	}
	return unreachable(err, name+" was not written")
}

// Span is what a partition holds: offsets from First up to, not including, End.
type Span struct{ First, End int64 }

// Ends returns what each partition of a topic holds.
func (g *Grid) Ends(ctx context.Context, topic string) (map[int32]Span, error) {
	if err := refused(ctx, g.producer); err != nil {
		return nil, err
	}
	admin := kadm.NewClient(g.producer)
	firsts, err := admin.ListStartOffsets(ctx, topic)
	if err == nil {
		err = firsts.Error()
	}
	ends, failed := admin.ListEndOffsets(ctx, topic)
	if failed == nil {
		failed = ends.Error()
	}
	if err = errors.Join(err, failed); err != nil {
		return nil, unreachable(err, "could not look at "+topic)
	}
	spans := map[int32]Span{}
	firsts.Each(func(first kadm.ListedOffset) {
		end, _ := ends.Lookup(topic, first.Partition)
		spans[first.Partition] = Span{first.Offset, end.Offset}
	})
	return spans, nil
}

// Follow yields what stands in some partitions from their offsets on, as it comes, until ctx is done.
//
// Records that are no events are passed over, and so is an event that is there again.
func (g *Grid) Follow(ctx context.Context, topic string, starts map[int32]int64) iter.Seq2[*Event, error] {
	return func(yield func(*Event, error) bool) {
		at := map[int32]kgo.Offset{}
		for partition, offset := range starts {
			at[partition] = kgo.NewOffset().At(offset)
		}
		reader, err := g.reader(
			ctx,
			kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: at}),
			kgo.ConsumeResetOffset(kgo.NoResetOffset()),
		)
		if err != nil {
			yield(nil, err)
			return
		}
		defer reader.Close()
		seen, ring := map[string]bool{}, make([]string, remembered)
		for count := 0; ; {
			fetches, err := poll(ctx, reader, 0)
			if err != nil {
				yield(nil, g.unread(ctx, topic, err))
				return
			}
			for _, record := range fetches.Records() {
				event, err := g.read(ctx, record)
				if err != nil && !errors.Is(err, ErrBadEvent) {
					yield(nil, err)
					return
				}
				if err != nil || seen[event.EventID] {
					continue
				}
				delete(seen, ring[count%remembered])
				seen[event.EventID], ring[count%remembered] = true, event.EventID
				count++
				if !yield(event, nil) {
					return
				}
			}
		}
	}
}

func (g *Grid) unread(ctx context.Context, topic string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("aether: nothing more of %s: %w", topic, ctx.Err())
	}
	if errors.Is(err, ErrDenied) {
		return err
	}
	return unreachable(err, "could not read "+topic)
}

func (g *Grid) reader(ctx context.Context, options ...kgo.Opt) (*kgo.Client, error) {
	reader, err := kgo.NewClient(append(append([]kgo.Opt{}, g.options...), options...)...)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrUnreachable, err)
	}
	if err := refused(ctx, reader); err != nil {
		reader.Close()
		return nil, err
	}
	return reader, nil
}

func (g *Grid) read(ctx context.Context, record *kgo.Record) (*Event, error) {
	id, err := schemaIDOf(record.Value)
	if err != nil {
		return nil, err
	}
	schema, err := g.schemas.Of(ctx, id)
	if err != nil {
		return nil, err
	}
	return opened(schema, record)
}
