/** The IDs and the time that all forms of a sample share. */
export interface SampleFacts {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  readonly web: string;
  readonly validation: string;
  readonly call: string;
  readonly orders: string;
  readonly query: string;
  /** In milliseconds since the epoch. */
  readonly startMs: number;
}

export const CUSTOMER = 'c-1042';
export const CHECKOUT_URL = 'http://shop.example/checkout';
export const ORDERS_URL = 'http://orders.example/orders';
export const USER_AGENT = 'xrayd send';
export const EXCEPTION = {
  type: 'ConditionalCheckFailedException',
  message: 'The conditional request failed',
};
