package aethergrid

import (
	"crypto/rand"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// namespace is UUIDv5(DNS, "aether-grid").
var namespace = []byte("\xfc\x4b\x7a\x3a\x2f\x77\x54\x6e\xb4\x9f\x73\x8f\x85\xeb\x24\xf6")

// Derived returns the UUIDv5 of some parts, joined by slashes: the same cause, the same id.
func Derived(parts ...any) string {
	text := make([]string, len(parts))
	for i, part := range parts {
		text[i] = fmt.Sprint(part)
	}
	sum := sha1.Sum(append(append([]byte{}, namespace...), strings.Join(text, "/")...))
	return uuid(sum[:16], 5)
}

// Minted returns a UUIDv7 of now: ids that begin something stand in the order of time.
func Minted() string {
	var chance [10]byte
	_, _ = rand.Read(chance[:]) // never fails
	return mintedAt(time.Now().UnixMilli(), chance)
}

func mintedAt(atMS int64, chance [10]byte) string {
	id := make([]byte, 6, 16)
	for i := range id {
		id[i] = byte(atMS >> (40 - 8*i))
	}
	return uuid(append(id, chance[:]...), 7)
}

// outcomeID is the id of what a node of work/{name} answers; whichever node, it is the same.
func outcomeID(requestID, name string) string { return Derived(requestID, "work/"+name, 0) }

// inboxID is the id under which the grid carries on what a node sent to its inbox.
func inboxID(eventID, node string) string { return Derived(eventID, "inbox", node, 0) }

func uuid(id []byte, version byte) string {
	id[6] = id[6]&0x0f | version<<4
	id[8] = id[8]&0x3f | 0x80
	text := hex.EncodeToString(id)
	return strings.Join([]string{text[:8], text[8:12], text[12:16], text[16:20], text[20:]}, "-")
}
