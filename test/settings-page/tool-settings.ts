import { folder, hostPort, setting, text } from "../../settings/setting.ts";

/** Of `npm test` and `npm run test:polyglot`. */
export const TEST_SETTINGS = {
  ci: setting({
    name: "CI",
    reads: text,
    unset: "a developer's machine",
    says: "whether this machine is one for tests: a missing tool is a failure there.",
  }),
  required: setting({
    name: "CARDLANE_POLYGLOT_REQUIRED",
    reads: text,
    unset: "missing tools are left out",
    says: "`true`: nothing may be left out. `npm run test:polyglot` sets it where `CI` is set.",
  }),
};

/** Of the clients in Go, Python and Java, which read them in their own languages. */
export const CLIENT_SETTINGS = {
  terminal: setting({
    name: "CARDLANE_TERMINAL",
    reads: hostPort,
    default: "127.0.0.1:7402",
    says: "where a till takes payments.",
  }),
  relay: setting({
    name: "CARDLANE_RELAY",
    reads: hostPort,
    default: "127.0.0.1:7403",
    says: "the relay that a till asks about records.",
  }),
  reader: setting({
    name: "CARDLANE_READER",
    reads: hostPort,
    default: "127.0.0.1:7401",
    says: "the simulated reader that a till holds its card to.",
  }),
  processor: setting({
    name: "CARDLANE_PROCESSOR",
    reads: hostPort,
    default: "127.0.0.1:7404",
    says: "the processor that a new reader or terminal is registered at.",
  }),
  merchant: setting({
    name: "CARDLANE_MERCHANT",
    reads: text,
    unset: "no merchant",
    says: "the Go till's merchant, for questions to a relay.",
  }),
  tlsDirectory: setting({
    name: "CARDLANE_TLS_DIR",
    reads: folder,
    unset: "plaintext",
    says: "the folder with `ca.pem`, `cert.pem` and `key.pem`.",
  }),
  trustDomain: setting({
    name: "CARDLANE_TRUST_DOMAIN",
    reads: text,
    default: "cardlane.dev",
    says: "the trust domain of the SPIFFE identities, for the Go till.",
  }),
  listen: setting({
    name: "CARDLANE_LISTEN",
    reads: hostPort,
    default: "127.0.0.1:7411",
    says: "where a terminal reaches this reader; the Go processor listens on 7414.",
  }),
  keysDirectory: setting({
    name: "CARDLANE_KEYS_DIR",
    reads: folder,
    says: "the keys of a reader or processor.",
  }),
  dataDirectory: setting({
    name: "CARDLANE_DATA_DIR",
    reads: folder,
    says: "where a reader keeps counter, PIN key register and pairing.",
  }),
  pinService: setting({
    name: "CARDLANE_PIN_SERVICE",
    reads: hostPort,
    unset: "a PIN is declined with 91",
    says: "the PIN service of the Go processor.",
  }),
  instance: setting({
    name: "CARDLANE_INSTANCE",
    reads: text,
    default: "GO1",
    says: "the name of the Go processor in the mesh.",
  }),
  environment: setting({
    name: "CARDLANE_ENVIRONMENT",
    reads: text,
    unset: "development",
    says: "`production` refuses development keys.",
  }),
  mesh: setting({
    name: "CARDLANE_MESH",
    reads: folder,
    unset: "no live tests in Go",
    says: "the data folder of a running mesh, such as `.cardlane`, for tests in Go.",
  }),
  meshDirectory: setting({
    name: "CARDLANE_MESH_DIR",
    reads: folder,
    unset: "no live tests of readers",
    says: "the same for tests in Python and Java.",
  }),
};
