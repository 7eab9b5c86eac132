import { fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  ChannelCredentials,
  Client,
  type handleUnaryCall,
  Server,
  ServerCredentials,
} from "@grpc/grpc-js";
import {
  type SignedPayment,
  SignedPaymentSchema,
  type SignedResult,
  SignedResultSchema,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import type { IdentityPem } from "../../mesh/identity/identity.ts";

/** A signed payment in, a signed result out: one call per payment, as gRPC is mostly used. */
const METHOD = {
  path: "/bench.Naive/Authorize",
  requestStream: false,
  responseStream: false,
  requestSerialize: (payment: SignedPayment) => Buffer.from(toBinary(SignedPaymentSchema, payment)),
  requestDeserialize: (bytes: Buffer) => fromBinary(SignedPaymentSchema, bytes),
  responseSerialize: (result: SignedResult) => Buffer.from(toBinary(SignedResultSchema, result)),
  responseDeserialize: (bytes: Buffer) => fromBinary(SignedResultSchema, bytes),
} as const;

export type Authorize = (payment: SignedPayment) => Promise<SignedResult>;

/** Serves the method with mutual TLS. @returns "127.0.0.1:41234" */
export async function serveUnary(pem: IdentityPem, authorize: Authorize): Promise<string> {
  const server = new Server();
  const handle: handleUnaryCall<SignedPayment, SignedResult> = ({ request }, answer) => {
    authorize(request).then(
      (result) => answer(null, result),
      (error: Error) => answer({ code: 2, details: error.message }),
    );
  };
  server.addService({ authorize: METHOD }, { authorize: handle });
  const pair = { private_key: pem.key, cert_chain: pem.cert };
  const credentials = ServerCredentials.createSsl(pem.ca, [pair], true);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", credentials, (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return `127.0.0.1:${port}`;
}

/** Calls the method with mutual TLS. */
export function callUnary(pem: IdentityPem, address: string): Authorize {
  const credentials = ChannelCredentials.createSsl(pem.ca, pem.key, pem.cert);
  // Node refuses an IP address as a server name.
  const client = new Client(address, credentials, { "grpc.ssl_target_name_override": "localhost" });
  const { path, requestSerialize, responseDeserialize } = METHOD;
  return (payment) =>
    new Promise((resolve, reject) => {
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        payment,
        (error, result) => (result === undefined ? reject(error) : resolve(result)),
      );
    });
}
