package aethergrid

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	late = time.Minute
	long = 3_000_000
)

// asked is a grid of its own with some requests for a poet on it, and their ids.
func asked(t *testing.T, texts ...string) (*Grid, []string) {
	t.Helper()
	grid, ids, _ := onBroker(t, texts...)
	return grid, ids
}

func onBroker(t *testing.T, texts ...string) (*Grid, []string, *kfake.Cluster) {
	t.Helper()
	broker, err := kfake.NewCluster(
		kfake.NumBrokers(1), kfake.SeedTopics(1, "aether.work.poet", "aether.sessions.events"),
	)
	check(t, err)
	t.Cleanup(broker.Close)
	grid, err := Connect(Config{Bootstrap: strings.Join(broker.ListenAddrs(), ","), Schemas: files(t)})
	check(t, err)
	t.Cleanup(func() { check(t, grid.Close(context.Background())) })
	ids := []string{}
	for _, text := range texts {
		value := map[string]any{}
		for name, said := range request(t) {
			value[name] = said
		}
		value["text"] = text
		draft := Draft{Name: inferenceRequested, Key: "ada", Value: value, Topic: "aether.work.poet"}
		place, err := grid.Produce(context.Background(), draft)
		check(t, err)
		ids = append(ids, place.EventID)
	}
	return grid, ids, broker
}

// served returns what came of as many requests as there are ids, and holds it to them.
func served(t *testing.T, grid *Grid, ids []string, handler Handler) []*Event {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), late)
	done := make(chan error, 1)
	go func() { done <- grid.Serve(ctx, "poet", handler) }()
	came := []*Event{}
	for event, err := range grid.Follow(ctx, sessionsTopic, map[int32]int64{0: 0}) {
		check(t, err)
		if event.EventID != outcomeID(ids[len(came)], "poet") {
			t.Errorf("%v is no outcome of %s", event, ids[len(came)])
		}
		if came = append(came, event); len(came) == len(ids) {
			break
		}
	}
	stop()
	check(t, <-done)
	return came
}

func TestWhatCannotBeWrittenIsToldAndTheNextRequestIsAnswered(t *testing.T) {
	unfit := []struct {
		why   string
		reply Reply
		err   error
	}{
		{"this is no " + inferenceCompleted, Reply{Citations: []map[string]any{{"marker": 1}}}, nil},
		{"MESSAGE_TOO_LARGE", Reply{Text: strings.Repeat("x", long)}, nil},
		{"not UTF-8", Reply{Text: "🌍"[:1]}, nil},
		{"no disk", Reply{}, errors.New("no disk")},
		{"xxx", Reply{}, errors.New(strings.Repeat("x", long))},
		{"\uFFFD", Reply{}, errors.New("🌍"[:1])},
		{"MESSAGE_TOO_LARGE", Reply{}, &Refused{"no", strings.Repeat("x", long)}},
		{"panic: assignment to entry in nil map", Reply{}, nil},
		{"", Reply{Text: "yes"}, nil},
	}
	texts := make([]string, len(unfit))
	for i, one := range unfit {
		texts[i] = one.why
	}
	grid, ids := asked(t, texts...)
	next := 0
	came := served(t, grid, ids, func(_ context.Context, work Work) (Reply, error) {
		if strings.HasPrefix(work.Text, "panic") {
			next++
			map[string]int(nil)["it"] = 1
		}
		next++
		return unfit[next-1].reply, unfit[next-1].err
	})
	for i, event := range came[:len(came)-1] {
		detail, _ := event.Value["detail"].(string)
		if event.Value["reason"] != "node_failed" || !strings.Contains(detail, unfit[i].why) {
			t.Errorf("%s: %s %.200v", unfit[i].why, event.Name, event.Value)
		}
	}
	if last := came[len(came)-1]; last.Name != inferenceCompleted {
		t.Error(last)
	}
}

func TestARecordThatIsNoRequestIsPassedOver(t *testing.T) {
	grid, _ := asked(t)
	_, err := grid.Produce(context.Background(), Draft{
		Name: failed, Key: "ada", Topic: "aether.work.poet",
		Value: map[string]any{"run_id": "r", "reason": "", "detail": ""},
	})
	check(t, err)
	ctx, stop := context.WithTimeout(context.Background(), 3*time.Second)
	defer stop()
	check(t, grid.Serve(ctx, "poet", func(context.Context, Work) (Reply, error) {
		t.Error("it was asked")
		return Reply{}, nil
	}))
}

func TestWhatWasAnsweredWhenTheNodeIsStoppedIsNotAskedAgain(t *testing.T) {
	grid, ids := asked(t, "one", "two")
	ctx, stop := context.WithTimeout(context.Background(), late)
	check(t, grid.Serve(ctx, "poet", func(_ context.Context, work Work) (Reply, error) {
		stop()
		return Reply{Text: work.Text}, nil
	}))
	served(t, grid, ids, func(_ context.Context, work Work) (Reply, error) {
		if work.Text == "one" {
			t.Error("it was asked again")
		}
		return Reply{Text: work.Text}, nil
	})
}

func TestWhatWasInterruptedIsAskedAgain(t *testing.T) {
	grid, ids := asked(t, "one")
	ctx, stop := context.WithTimeout(context.Background(), late)
	check(t, grid.Serve(ctx, "poet", func(ctx context.Context, _ Work) (Reply, error) {
		stop()
		return Reply{}, ctx.Err()
	}))
	came := served(t, grid, ids, func(context.Context, Work) (Reply, error) {
		return Reply{Text: "yes"}, nil
	})
	if came[0].Name != inferenceCompleted {
		t.Error(came[0])
	}
}

func TestANodeWhoseGroupIsInTroubleGoesOn(t *testing.T) {
	grid, _, broker := onBroker(t)
	var troubled atomic.Bool
	broker.ControlKey(int16(kmsg.Heartbeat), func(asked kmsg.Request) (kmsg.Response, error, bool) {
		broker.KeepControl()
		if troubled.CompareAndSwap(false, true) {
			answer := asked.ResponseKind().(*kmsg.HeartbeatResponse)
			answer.ErrorCode = kerr.UnknownMemberID.Code
			return answer, nil, true
		}
		return nil, nil, false
	})
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Second)
	defer stop()
	check(t, grid.Serve(ctx, "poet", func(context.Context, Work) (Reply, error) { return Reply{}, nil }))
	if !troubled.Load() {
		t.Error("nothing happened")
	}
}

// schemas are those of this repository, under the ids that the vectors have.
type schemas struct {
	byName map[string]Schema
	byID   map[int]Schema
}

func files(t *testing.T) schemas {
	_, byName, byID := events(t)
	return schemas{byName, byID}
}

func (s schemas) Latest(_ context.Context, _, name string) (Schema, error) {
	return s.byName[name], nil
}

func (s schemas) Of(_ context.Context, id int) (Schema, error) { return s.byID[id], nil }

// request is a whole InferenceRequested.
func request(t *testing.T) map[string]any {
	all, byName, _ := events(t)
	for _, one := range all.Events {
		if one.Event == inferenceRequested {
			return native(t, byName[one.Event].Schema, one.Says).(map[string]any)
		}
	}
	t.Fatal("no request")
	return nil
}
