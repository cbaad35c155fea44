// Agent is a node at work, and what the conformance suite asks of every client: see docs/clients.md.
//
//	agent KAFKA REGISTRY ask MODEL SESSION TEXT
//	agent KAFKA REGISTRY serve NAME
//	agent KAFKA REGISTRY flood COUNT KEYS AUTHOR
//	agent KAFKA REGISTRY drain
//	agent KAFKA REGISTRY echo KEY
//	agent KAFKA REGISTRY hear PARTITION
//	agent KAFKA REGISTRY show
//
// Who it is stands in variables: see credentials.go.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"aethergrid"
	"aethergrid/events/memory"
	"aethergrid/events/sessions"
)

const (
	event = "aether.memory.RecallJudged"
	topic = "aether.memory.events"

	tooLarge = 3_000_000
)

type said map[string]any

func say(told said) error { return json.NewEncoder(os.Stdout).Encode(told) }

// ask asks, watches, and shows the answer.
func ask(ctx context.Context, grid *aethergrid.Grid, model, session, text string) error {
	run, err := grid.Ask(ctx, aethergrid.Question{Text: text, Session: session, Model: model})
	if err != nil {
		return err
	}
	names := []string{}
	for event, err := range run.Events(ctx) {
		if err != nil {
			return err
		}
		names = append(names, event.Name)
	}
	event, err := run.Answer(ctx)
	if failed := (*aethergrid.RunFailed)(nil); errors.As(err, &failed) {
		return say(said{"failed": failed.Reason, "detail": failed.Detail})
	} else if err != nil {
		return err
	}
	var answer sessions.ResponseCompleted
	if err := event.Decode(&answer); err != nil {
		return err
	}
	return say(said{"run": run.ID, "text": answer.Text, "capability": answer.Capability, "events": names})
}

// serve answers in this language until standard input is closed.
func serve(ctx context.Context, grid *aethergrid.Grid, name string) error {
	card := aethergrid.Card{
		Description: "Repeats in go what it is told, as " + name + ".", Examples: []string{name},
	}
	version, err := grid.Register(ctx, name, card)
	if err != nil {
		return err
	}
	if err := say(said{"serving": name, "version": version}); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	return grid.Serve(ctx, name, func(_ context.Context, work aethergrid.Work) (aethergrid.Reply, error) {
		switch asked := func(word string) bool { return strings.Contains(work.Text, word) }; {
		case asked("refuse"):
			return aethergrid.Reply{}, &aethergrid.Refused{Reason: "not_today", Detail: "go will not"}
		case asked("overflow"):
			return aethergrid.Reply{Text: strings.Repeat("x", tooLarge)}, nil
		case asked("nonsense"):
			return aethergrid.Reply{Citations: []map[string]any{{}}}, nil
		}
		return aethergrid.Reply{Text: "go heard: " + work.Text}, nil
	})
}

// flood produces many events, in order within each key.
func flood(ctx context.Context, grid *aethergrid.Grid, count, keys, author string) error {
	total, err := strconv.Atoi(count)
	among, wrong := strconv.Atoi(keys)
	if err := errors.Join(err, wrong); err != nil {
		return err
	}
	began, lost := time.Now(), atomic.Int64{}
	for number := range total {
		draft := aethergrid.Draft{
			Name: event, Key: fmt.Sprint("ключ-", number%among),
			Value: memory.RecallJudged{Question: author, Useful: []string{strconv.Itoa(number)}},
		}
		err := grid.Send(ctx, draft, func(_ aethergrid.Place, err error) {
			if err != nil {
				lost.Add(1)
			}
		})
		if err != nil {
			return err
		}
	}
	if err := grid.Close(ctx); err != nil {
		return err
	}
	return say(said{"sent": total, "lost": lost.Load(), "seconds": time.Since(began).Seconds()})
}

// drain reads everything that was flooded, and says what it comes to.
func drain(ctx context.Context, grid *aethergrid.Grid) error {
	spans, err := grid.Ends(ctx, topic)
	if err != nil {
		return err
	}
	digest, count := sha256.New(), 0
	for partition := range int32(len(spans)) {
		span := spans[partition]
		if span.First == span.End {
			continue
		}
		for each, err := range grid.Follow(ctx, topic, map[int32]int64{partition: span.First}) {
			if err != nil {
				return err
			}
			if each.Name == event {
				var value memory.RecallJudged
				if err := each.Decode(&value); err != nil {
					return err
				}
				fmt.Fprintf(digest, "%d\t%d\t%s\t%s\t%s\t%s\n",
					partition, each.Offset, each.Key, each.EventID, value.Question, value.Useful[0])
				count++
			}
			if each.Offset == span.End-1 {
				break
			}
		}
	}
	return say(said{"count": count, "digest": hex.EncodeToString(digest.Sum(nil))})
}

// echo produces an event, and follows it.
func echo(ctx context.Context, grid *aethergrid.Grid, key string) error {
	value := memory.RecallJudged{Question: key, Scopes: []string{}, Useful: []string{}}
	place, err := grid.Produce(ctx, aethergrid.Draft{Name: event, Key: key, Value: value})
	if err != nil {
		return err
	}
	found, err := next(ctx, grid, place.Partition, place.Offset)
	if err != nil {
		return err
	}
	same := found.EventID == place.EventID
	return say(said{"key": found.Key, "same": same, "partition": place.Partition})
}

// hear follows what is there, without a word.
func hear(ctx context.Context, grid *aethergrid.Grid, partition string) error {
	number, err := strconv.ParseInt(partition, 10, 32)
	if err != nil {
		return err
	}
	found, err := next(ctx, grid, int32(number), 0)
	if err != nil {
		return err
	}
	return say(said{"key": found.Key})
}

func next(ctx context.Context, grid *aethergrid.Grid, partition int32, offset int64) (*aethergrid.Event, error) {
	for event, err := range grid.Follow(ctx, topic, map[int32]int64{partition: offset}) {
		return event, err
	}
	return nil, ctx.Err()
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	kafka, registry, command, given := os.Args[1], os.Args[2], os.Args[3], os.Args[4:]
	options, err := credentials()
	if err != nil {
		log.Fatal(err)
	}
	config := aethergrid.Config{Bootstrap: kafka, Registry: registry, Kafka: options}
	config.Node, config.Inbox = os.LookupEnv("AETHER_INBOX")
	grid, err := aethergrid.Connect(config)
	if err != nil {
		log.Fatal(err)
	}
	switch command {
	case "ask":
		err = ask(ctx, grid, given[0], given[1], given[2])
	case "serve":
		err = serve(ctx, grid, given[0])
	case "flood":
		err = flood(ctx, grid, given[0], given[1], given[2])
	case "drain":
		err = drain(ctx, grid)
	case "echo":
		err = echo(ctx, grid, given[0])
	case "show":
		err = say(said{"shown": fmt.Sprintf("%+v %#v %+v %#v", config, config, grid, grid)})
	case "hear":
		err = hear(ctx, grid, given[0])
	}
	if errors.Is(err, aethergrid.ErrDenied) {
		err = say(said{"denied": err.Error()})
	}
	if err != nil {
		log.Fatal(err)
	}
}
