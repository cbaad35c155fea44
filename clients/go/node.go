package aethergrid

import (
	"context"
	"errors"
	"fmt"
	"log"
	"reflect"
	"runtime/debug"
	"strings"
	"unicode/utf8"

	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	registryTopic      = "aether.registry.events"
	inferenceRequested = "aether.sessions.InferenceRequested"
	inferenceCompleted = "aether.sessions.InferenceCompleted"
	inferenceFailed    = "aether.sessions.InferenceFailed"
	// detailMax is in how many bytes is told what went wrong: it must fit, whatever was said.
	detailMax = 2_000
)

// Card is what a capability says of itself; the router knows it by description and examples.
type Card struct {
	Description string
	Examples    []string
	Effect      string // "repeatable" if empty, or "pure", "keyed", "unrepeatable"
}

// Work is a request for a node; Value is the whole InferenceRequested, Session its key.
type Work struct {
	Text, RunID, Session, RequestID string
	Value                           map[string]any
}

// Reply is an answer; what is left out is as empty as can be.
type Reply struct {
	Text                           string
	Citations                      []map[string]any // as in aether.sessions.Citation
	FinishReason                   string           // "stop" if empty
	PromptTokens, CompletionTokens int64
}

// Handler answers a request, or returns a *Refused; any other error is told to whoever asked, too.
type Handler func(ctx context.Context, work Work) (Reply, error)

// Register offers a capability and returns its version once nodes can be asked for it.
func (g *Grid) Register(ctx context.Context, name string, card Card) (int64, error) {
	examples := make([]any, len(card.Examples))
	for i, example := range card.Examples {
		examples[i] = example
	}
	told := map[string]any{
		"description": card.Description, "examples": examples, "policy": "single", "model": "work/" + name,
	}
	if card.Effect != "" {
		told["effect"] = card.Effect
	}
	offer, err := g.Produce(ctx, Draft{
		Name: "aether.registry.CapabilityOffered", Key: name, Value: map[string]any{"card": told},
	})
	if err != nil {
		return 0, err
	}
	spans, err := g.Ends(ctx, registryTopic)
	if err != nil {
		return 0, err
	}
	known, wanted, perceived := map[string]any{}, int64(0), map[int64]bool{}
	for event, err := range g.Follow(ctx, registryTopic, map[int32]int64{0: spans[0].First}) {
		if err != nil {
			return 0, err
		}
		if event.Key != name || event.Value == nil {
			continue
		}
		version, _ := event.Value["version"].(int64)
		switch ours := event.CauseID == offer.EventID; event.Name {
		case "aether.registry.CapabilityRefused":
			if ours {
				return 0, &Refused{event.Value["reason"].(string), event.Value["detail"].(string)}
			}
		case "aether.registry.CapabilityRegistered":
			if known = event.Value; ours {
				wanted = version
			}
		case "aether.registry.CapabilityPerceived":
			perceived[version] = true
		}
		if event.EventID == offer.EventID && reflect.DeepEqual(known["card"], event.Value["card"]) {
			wanted = known["version"].(int64)
		}
		if perceived[wanted] {
			return wanted, nil
		}
	}
	return 0, ctx.Err()
}

// Serve answers requests for a capability one after the other, until ctx is done.
//
// More nodes of one name share them by session. A request is acknowledged once its answer is
// durable; after a crash it comes again, and its answer has the same id.
func (g *Grid) Serve(ctx context.Context, name string, handler Handler) error {
	topic := "aether.work." + name
	reader, err := g.reader(
		ctx,
		kgo.ConsumerGroup(topic), kgo.ConsumeTopics(topic), kgo.DisableAutoCommit(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
	)
	if err != nil {
		return err
	}
	defer reader.Close()
	for {
		fetches, err := poll(ctx, reader, 1)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return g.unread(ctx, topic, err)
		}
		for _, record := range fetches.Records() {
			err := g.work(ctx, name, handler, record)
			if err == nil {
				err = acknowledge(context.WithoutCancel(ctx), reader, record)
			}
			if ctx.Err() != nil {
				return nil
			}
			if err != nil {
				return err
			}
		}
	}
}

// acknowledge commits a record. If that fails, another node has it now and gives the same id, or the
// next one is acknowledged with it; a refusal alone stays.
func acknowledge(ctx context.Context, reader *kgo.Client, record *kgo.Record) error {
	if err := reader.CommitRecords(ctx, record); denies(err) {
		return unreachable(err, "could not acknowledge")
	}
	return nil
}

func (g *Grid) work(ctx context.Context, name string, handler Handler, record *kgo.Record) error {
	event, err := g.read(ctx, record)
	if errors.Is(err, ErrBadEvent) || err == nil && (event.Value == nil || event.Name != inferenceRequested) {
		return nil // whoever wrote it is no grid: nobody waits for an answer
	}
	if err != nil {
		return err
	}
	work := Work{Text: event.Value["text"].(string), RunID: event.RunID, Session: event.Key,
		RequestID: event.CauseID, Value: event.Value}
	if work.RequestID == "" {
		work.RequestID = event.EventID
	}
	draft := Draft{
		Key: work.Session, EventID: outcomeID(work.RequestID, name), RunID: work.RunID, CauseID: work.RequestID,
		Trace: map[string]string{
			"traceparent": event.Headers["traceparent"], "tracestate": event.Headers["tracestate"],
		},
	}
	reply, err := answer(ctx, handler, work)
	if err != nil && ctx.Err() != nil {
		return err // it was interrupted: the request comes again
	}
	lasting := context.WithoutCancel(ctx)
	draft.Name, draft.Value = outcomeOf(work, reply, err)
	if _, err = g.Produce(lasting, draft); errors.Is(err, ErrBadEvent) { // nothing was written yet
		draft.Name, draft.Value = outcomeOf(work, Reply{}, err)
		_, err = g.Produce(lasting, draft)
	}
	return err
}

// answer calls a handler; that it panics is an error like any other.
func answer(ctx context.Context, handler Handler, work Work) (reply Reply, err error) {
	defer func() {
		if said := recover(); said != nil {
			log.Printf("aether: a handler panicked: %v\n%s", said, debug.Stack())
			err = fmt.Errorf("panic: %v", said)
		}
	}()
	reply, err = handler(ctx, work)
	if err == nil && !utf8.ValidString(reply.Text) {
		err = errors.New("the text of the reply is not UTF-8")
	}
	return reply, err
}

// outcomeOf says what came of a request: an error is an outcome, too.
func outcomeOf(work Work, reply Reply, err error) (string, map[string]any) {
	outcome := map[string]any{}
	for _, field := range []string{"run_id", "inference_id", "model"} {
		outcome[field] = work.Value[field]
	}
	if refused := (*Refused)(nil); errors.As(err, &refused) {
		outcome["reason"], outcome["detail"] = refused.Reason, strings.ToValidUTF8(refused.Detail, "\uFFFD")
		return inferenceFailed, outcome
	}
	if err != nil {
		detail := err.Error()
		detail = strings.ToValidUTF8(detail[:min(len(detail), detailMax)], "\uFFFD")
		outcome["reason"], outcome["detail"] = "node_failed", detail
		return inferenceFailed, outcome
	}
	citations := make([]any, len(reply.Citations))
	for i, citation := range reply.Citations {
		citations[i] = citation
	}
	outcome["text"], outcome["citations"], outcome["finish_reason"] = reply.Text, citations, reply.FinishReason
	if reply.FinishReason == "" {
		outcome["finish_reason"] = "stop"
	}
	outcome["prompt_tokens"], outcome["completion_tokens"] = reply.PromptTokens, reply.CompletionTokens
	return inferenceCompleted, outcome
}
