package aethergrid

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hamba/avro/v2"
	"github.com/twmb/franz-go/pkg/kgo"
)

// The vectors of the conformance suite: this client must write and read what every other does.

func vectors(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../tests/conformance/vectors", name+".json"))
	check(t, err)
	check(t, json.Unmarshal(text, into))
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

type told struct {
	Kinds map[string]struct {
		Schema, Topic string
		ID            int
	}
	Refused map[string][]byte
	Events  []struct {
		Event string
		Says  any
		Frame []byte
	}
}

func events(t *testing.T) (told, map[string]Schema, map[int]Schema) {
	t.Helper()
	var all told
	vectors(t, "events", &all)
	byName, byID := map[string]Schema{}, map[int]Schema{}
	for name, kind := range all.Kinds {
		text, err := os.ReadFile(filepath.Join("../../schemas/avro", kind.Schema))
		check(t, err)
		schema, err := parse(string(text))
		check(t, err)
		byName[name] = Schema{kind.ID, schema}
		byID[kind.ID] = byName[name]
	}
	return all, byName, byID
}

// native makes of JSON what this client reads and writes, as a schema has it.
func native(t *testing.T, schema avro.Schema, value any) any {
	switch schema := schema.(type) {
	case *avro.RefSchema:
		return native(t, schema.Schema(), value)
	case *avro.RecordSchema:
		made := map[string]any{}
		for _, field := range schema.Fields() {
			made[field.Name()] = native(t, field.Type(), value.(map[string]any)[field.Name()])
		}
		return made
	case *avro.ArraySchema:
		made := []any{}
		for _, item := range value.([]any) {
			made = append(made, native(t, schema.Items(), item))
		}
		return made
	case *avro.UnionSchema:
		if value == nil {
			return nil
		}
		return native(t, schema.Types()[1], value)
	}
	if packed, ok := value.(map[string]any); ok && packed["$bytes"] != nil {
		made, err := base64.StdEncoding.DecodeString(packed["$bytes"].(string))
		check(t, err)
		return made
	} else if ok {
		made, err := strconv.ParseInt(packed["$long"].(string), 10, 64)
		check(t, err)
		return made
	}
	if number, ok := value.(float64); ok && schema.Type() == avro.Long {
		return int64(number)
	}
	if number, ok := value.(float64); ok && schema.Type() == avro.Int {
		return int(number)
	}
	return value
}

func TestEveryEventHasTheBytesThatTheGridGivesIt(t *testing.T) {
	all, byName, byID := events(t)
	for _, one := range all.Events {
		schema := byName[one.Event]
		says := native(t, schema.Schema, one.Says)
		frame, err := encode(schema, says)
		check(t, err)
		if !reflect.DeepEqual(frame, one.Frame) {
			t.Errorf("%s: %x is not %x", one.Event, frame, one.Frame)
		}
		id, err := schemaIDOf(one.Frame)
		check(t, err)
		var read map[string]any
		check(t, decode(byID[id].Schema, one.Frame[prefixSize:], &read))
		if !reflect.DeepEqual(any(read), says) {
			t.Errorf("%s: %#v is not %#v", one.Event, read, says)
		}
		if topic := topicOf(one.Event); topic != all.Kinds[one.Event].Topic {
			t.Errorf("%s: %s", one.Event, topic)
		}
	}
}

func TestBytesThatAreNoEventAreRefused(t *testing.T) {
	all, _, byID := events(t)
	for why, frame := range all.Refused {
		id, err := schemaIDOf(frame)
		if err == nil {
			var read map[string]any
			err = decode(byID[id].Schema, frame[prefixSize:], &read)
		}
		if !errors.Is(err, ErrBadEvent) {
			t.Errorf("%s: %v", why, err)
		}
	}
}

func TestAValueThatDoesNotFitIsRefused(t *testing.T) {
	_, byName, _ := events(t)
	for _, value := range []map[string]any{{}, {"run_id": 1, "reason": "", "detail": ""}} {
		if _, err := encode(byName["aether.sessions.RunFailed"], value); !errors.Is(err, ErrBadEvent) {
			t.Errorf("%v: %v", value, err)
		}
	}
}

func TestEveryIDIsTheGrids(t *testing.T) {
	all, _, byID := events(t)
	var ids struct {
		Derived []struct {
			Parts []any
			ID    string
		}
		Minted []struct {
			AtMS       int64 `json:"at_ms"`
			Chance, ID string
		}
		Positions []struct {
			Topic     string
			Partition int32
			Offset    int64
			ID        string
		}
		Outcomes []struct{ Request, Name, ID string }
	}
	vectors(t, "ids", &ids)
	same := func(got, want string) {
		if got != want {
			t.Errorf("%s is not %s", got, want)
		}
	}
	for _, one := range ids.Derived {
		same(Derived(one.Parts...), one.ID)
	}
	for _, one := range ids.Minted {
		chance, err := hex.DecodeString(one.Chance)
		check(t, err)
		same(mintedAt(one.AtMS, [10]byte(chance)), one.ID)
	}
	for _, one := range ids.Outcomes {
		same(outcomeID(one.Request, one.Name), one.ID)
	}
	id, err := schemaIDOf(all.Events[0].Frame)
	check(t, err)
	for _, one := range ids.Positions {
		record := &kgo.Record{Topic: one.Topic, Partition: one.Partition, Offset: one.Offset, Value: all.Events[0].Frame}
		event, err := opened(byID[id], record)
		check(t, err)
		same(event.EventID, one.ID)
	}
}

func TestEveryEventHasTheHeadersThatTheGridGivesIt(t *testing.T) {
	var all []struct {
		Event, ID, Source, Run, Cause string
		AtMS                          int64 `json:"at_ms"`
		Trace, Headers                map[string]string
	}
	vectors(t, "headers", &all)
	for _, one := range all {
		made := map[string]string{}
		at := time.UnixMilli(one.AtMS)
		for _, each := range (header{one.Event, one.ID, one.Source, one.Run, one.Cause, at, one.Trace}).records() {
			made[each.Key] = string(each.Value)
		}
		if !reflect.DeepEqual(made, one.Headers) {
			t.Errorf("%v is not %v", made, one.Headers)
		}
	}
}

func TestTenThousandKeysLieWhereTheGridLooksForThem(t *testing.T) {
	var all struct {
		Words      []string
		Partitions map[string]string
	}
	vectors(t, "partitions", &all)
	for text, digits := range all.Partitions {
		count, err := strconv.Atoi(text)
		check(t, err)
		var found strings.Builder
		for n := range len(digits) {
			key := all.Words[n%len(all.Words)] + "-" + strconv.Itoa(n)
			partition := partitioner.ForTopic("t").Partition(&kgo.Record{Key: []byte(key)}, count)
			found.WriteString(strconv.FormatInt(int64(partition), 36))
		}
		if found.String() != digits {
			t.Errorf("of %s partitions", text)
		}
	}
}

func TestARegistryThatIsAwayIsUnreachable(t *testing.T) {
	registry, err := NewRegistry("http://user:word@127.0.0.1:1")
	check(t, err)
	if _, err := registry.Of(context.Background(), 1); !errors.Is(err, ErrUnreachable) {
		t.Error(err)
	}
}
