/** An ADS client on @grpc/grpc-js with the generated service definition: sends what it is told and waits for what comes. */
import { AggregatedDiscoveryServiceService } from '@envoyproxy/xds-protos/envoy/service/discovery/v3/ads.js';
import {
  DeltaDiscoveryRequest,
  type DeltaDiscoveryResponse,
  DiscoveryRequest,
  type DiscoveryResponse,
} from '@envoyproxy/xds-protos/envoy/service/discovery/v3/discovery.js';
import type { ChannelCredentials, ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import { credentials, Metadata, makeGenericClientConstructor } from '@grpc/grpc-js';
import { textOf } from '../../src/xds/testing/fake-provider.js';

const Ads = makeGenericClientConstructor(AggregatedDiscoveryServiceService, 'ads');

/** One call; responses queue up until `next`. */
class Call<Request, Response> {
  readonly #responses: Response[] = [];
  #wake: (() => void) | undefined;
  status: { code: number; details: string } | undefined;

  constructor(
    private readonly call: ClientDuplexStream<Request, Response>,
    private readonly make: (request: Partial<Request>) => Request,
    private readonly close: () => void,
  ) {
    call.on('data', (response: Response) => {
      this.#responses.push(response);
      this.#wake?.();
    });
    call.on('error', (error: ServiceError) => {
      this.status = { code: error.code, details: error.details };
      this.#wake?.();
    });
    call.on('end', () => this.#wake?.());
  }

  send(request: Partial<Request>): void {
    this.call.write(this.make(request));
  }

  /** The next response; throws after four seconds, or with the status when the call ended. */
  async next(): Promise<Response> {
    const response = await this.poll(4_000);
    if (response === undefined) throw new Error(this.status === undefined ? 'no response came' : `ended: ${this.status.code} ${this.status.details}`);
    return response;
  }

  /** The next response if one comes within `ms`. */
  async poll(ms: number): Promise<Response | undefined> {
    if (this.#responses.length === 0 && this.status === undefined) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return this.#responses.shift();
  }

  /** Waits for the call to fail. */
  async ended(): Promise<{ code: number; details: string }> {
    for (let i = 0; i < 200 && this.status === undefined; i++) await new Promise((resolve) => setTimeout(resolve, 10));
    if (this.status === undefined) throw new Error('the call goes on');
    return this.status;
  }

  stop(): void {
    this.call.cancel();
    this.close();
  }
}

/** A call of either variant. */
export type SotwCall = Call<DiscoveryRequest, DiscoveryResponse>;
export type DeltaCall = Call<DeltaDiscoveryRequest, DeltaDiscoveryResponse>;

const client = (port: number, creds: ChannelCredentials | undefined) =>
  new Ads(`127.0.0.1:${port}`, creds ?? credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1, 'grpc.max_receive_message_length': -1 });

export function sotw(port: number, creds?: ChannelCredentials): SotwCall {
  const ads = client(port, creds);
  const call = ads['streamAggregatedResources']?.(new Metadata()) as unknown as ClientDuplexStream<DiscoveryRequest, DiscoveryResponse>;
  return new Call(
    call,
    (r) => DiscoveryRequest.fromPartial(r),
    () => ads.close(),
  );
}

export function delta(port: number, creds?: ChannelCredentials): DeltaCall {
  const ads = client(port, creds);
  const call = ads['deltaAggregatedResources']?.(new Metadata()) as unknown as ClientDuplexStream<DeltaDiscoveryRequest, DeltaDiscoveryResponse>;
  return new Call(
    call,
    (r) => DeltaDiscoveryRequest.fromPartial(r),
    () => ads.close(),
  );
}

/** The text of the resources in a response, as the fake provider wrote it. */
export const texts = (response: DiscoveryResponse | DeltaDiscoveryResponse): string[] =>
  response.resources.map((r) => textOf('resource' in r ? r.resource?.value : 'value' in r ? r.value : undefined));
