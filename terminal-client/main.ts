import { ReaderService } from "../gen/cardlane/reader/v1/reader_pb.ts";
import { RelayService } from "../gen/cardlane/relay/v1/relay_pb.ts";
import { dial } from "../mesh/client/dial.ts";
import { DirectoryInUse, directoryFiles } from "../mesh/disk/durable-files.ts";
import { runProgram } from "../mesh/program.ts";
import { deviceCurves as curves } from "../sealing/curves/chosen-curves.ts";
import { KeyFolder } from "../sealing/keys/key-files.ts";
import { systemRandom } from "../sealing/random.ts";
import { ConfigError } from "../settings/read-config.ts";
import { TERMINAL_SETTINGS } from "./settings.ts";
import { serveTerminal } from "./terminal-server.ts";

await runProgram("terminal", TERMINAL_SETTINGS, async (program, config) => {
  const { instance, clock, log, telemetry, faults } = program;
  const { trustDomain, tlsDirectory } = config;
  const keys = new KeyFolder(config.keysDirectory);
  const files = await directoryFiles(config.dataDirectory, { log }).catch((error) => {
    throw error instanceof DirectoryInUse ? new ConfigError("terminal", [error.message]) : error;
  });
  const identity = await program.identityFrom(tlsDirectory);
  // Salt protects this one: a TLS certificate would show the reader before Salt does.
  const readerChannel = dial({ targets: [config.reader], services: [ReaderService], clock });
  const relayChannel = dial({
    targets: config.relays,
    services: [RelayService],
    clock,
    telemetry,
    identity,
    serverIdentity: `spiffe://${trustDomain}/relay/*`,
  });
  const options = {
    certificate: keys.readCertificate(),
    identity: curves.signer(keys.readKey("identity")),
    roots: keys.readTrustedRoots(curves),
    files,
    finishedMax: config.finishedMax,
    openReaderStream: () => readerChannel.openStream(ReaderService.method.session),
    openRelayStream: () => relayChannel.openStream(RelayService.method.transact),
    relayCalls: relayChannel.client(RelayService),
    instance,
    curves,
    clock,
    random: systemRandom,
    log,
    telemetry,
    faults,
  };
  const tls = identity && { identity, trustDomain };
  const server = await serveTerminal(config.listen, options, tls);
  return {
    address: server.address,
    async drain(graceMs) {
      await server.drain(graceMs);
      readerChannel[Symbol.dispose]();
      relayChannel[Symbol.dispose]();
      identity?.[Symbol.dispose]();
      await files[Symbol.asyncDispose]();
    },
  };
});
