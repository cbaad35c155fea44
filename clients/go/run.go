package aethergrid

import (
	"context"
	"fmt"
	"iter"
)

const sessionsTopic = "aether.sessions.events"

// Question is what a grid is asked.
type Question struct {
	Text    string
	Session string // who goes on asking; empty for a session that nobody comes back to
	Model   string // a capability by name; empty lets the grid choose who answers
}

// Run is a question on its way through the grid.
type Run struct {
	ID     string
	grid   *Grid
	starts map[int32]int64
}

// Ask asks a question and returns its run.
func (g *Grid) Ask(ctx context.Context, question Question) (*Run, error) {
	id, key, model := Minted(), question.Session, question.Model
	scopes, rememberIn := []any{"grid"}, any(nil)
	if key == "" {
		key = id
	} else {
		scope := "session:" + key
		scopes, rememberIn = append(scopes, scope), scope
	}
	if model == "" {
		model = "aether"
	}
	starts, err := g.ahead(ctx)
	if err != nil {
		return nil, err
	}
	asked, err := g.Produce(ctx, Draft{
		Name: "aether.sessions.RequestReceived", Key: key, EventID: id, RunID: id,
		Value: map[string]any{
			"run_id": id, "model": model, "text": question.Text,
			"messages": []any{map[string]any{"role": "user", "content": question.Text}},
			"options":  map[string]any{}, "scopes": scopes, "remember_in": rememberIn, "stream": false,
		},
	})
	if err != nil {
		return nil, err
	}
	if g.inbox == "" {
		starts = map[int32]int64{asked.Partition: asked.Offset}
	}
	return &Run{id, g, starts}, nil
}

// ahead returns where the sessions end, for what goes through an inbox and comes somewhere behind.
func (g *Grid) ahead(ctx context.Context) (map[int32]int64, error) {
	if g.inbox == "" {
		return nil, nil
	}
	spans, err := g.Ends(ctx, sessionsTopic)
	starts := map[int32]int64{}
	for partition, span := range spans {
		starts[partition] = span.End
	}
	return starts, err
}

// Events yields what happens in a run, in order, up to its end or until ctx is done.
func (r *Run) Events(ctx context.Context) iter.Seq2[*Event, error] {
	return func(yield func(*Event, error) bool) {
		for event, err := range r.grid.Follow(ctx, sessionsTopic, r.starts) {
			if err != nil {
				yield(nil, err)
				return
			}
			if event.RunID != r.ID {
				continue
			}
			if !yield(event, nil) || event.Name == completed || event.Name == failed {
				return
			}
		}
	}
}

// Answer waits for the end of the run. Its event is a ResponseCompleted; else it is a *RunFailed.
func (r *Run) Answer(ctx context.Context) (*Event, error) {
	var last *Event
	for event, err := range r.Events(ctx) {
		if err != nil {
			return nil, err
		}
		last = event
	}
	if last.DataRef != "" {
		return nil, fmt.Errorf("%w: the answer is large and lies at %s", ErrBadEvent, last.DataRef)
	}
	if last.Name == failed {
		return nil, &RunFailed{last.Value["reason"].(string), last.Value["detail"].(string)}
	}
	return last, nil
}
