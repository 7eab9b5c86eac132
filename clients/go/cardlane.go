// Package cardlane is the root of cardlane's Go client: generated contracts, the cryptography that
// a reader needs, and three small programs built from both.
//
//   - gen/cardlane: what buf makes of the contracts (messages and gRPC stubs)
//   - strictsig, dsse: one strict Ed25519 rule, and signatures over typed bytes
//   - sealed: card boxes, PIN boxes and hop boxes
//   - salt: Salt Channel v2, the session between reader and terminal
//   - dukpt: AES-DUKPT keys and ISO 9564-1 format 4 PIN blocks
//   - canonical, trust: the one accepted serialisation; certificates, key manifest, signed results
//   - mesh: connections, trace context and readable errors
//   - cmd/till, cmd/reader, cmd/processor: the programs; cmd/provision gives them development keys
package cardlane

//go:generate ../../node_modules/.bin/buf generate --template buf.gen.go.yaml
