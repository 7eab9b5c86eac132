import type { Client } from "@connectrpc/connect";
import type {
  RegisteredReader,
  RegisteredTerminal,
  RelayRegistryService,
} from "../gen/cardlane/relay/v1/relay_pb.ts";

type Registry = Pick<Client<typeof RelayRegistryService>, "listReaders" | "listTerminals">;

/** Every reader of a relay, page by page. */
export async function allReaders(registry: Registry): Promise<readonly RegisteredReader[]> {
  const all: RegisteredReader[] = [];
  for (let pageToken = ""; ; ) {
    const { readers, nextPageToken } = await registry.listReaders({ pageToken });
    all.push(...readers);
    if (nextPageToken === "") return all;
    pageToken = nextPageToken;
  }
}

/** Every terminal of a relay, page by page. */
export async function allTerminals(registry: Registry): Promise<readonly RegisteredTerminal[]> {
  const all: RegisteredTerminal[] = [];
  for (let pageToken = ""; ; ) {
    const { terminals, nextPageToken } = await registry.listTerminals({ pageToken });
    all.push(...terminals);
    if (nextPageToken === "") return all;
    pageToken = nextPageToken;
  }
}
