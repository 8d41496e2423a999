import type { NextFunction, Request, Response } from 'express';

interface PagePolicy {
  /** Origins to which the page may connect, in addition to its own. */
  readonly connectTo?: readonly string[];
  /** Origins that may show the page in a frame. */
  readonly framedBy: "'self'" | "'none'";
}

/**
 * Returns a handler that sets security headers on every answer: they forbid scripts from other origins, requests to origins that the policy
 * does not list, guessed content types, and the referrer.
 */
export function pageHeaders({ connectTo = [], framedBy }: PagePolicy) {
  const headers = {
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Content-Security-Policy': [
      "default-src 'self'",
      "style-src 'self' 'unsafe-inline'",
      "img-src 'self' data:",
      ["connect-src 'self'", ...connectTo].join(' '),
      "object-src 'none'",
      "base-uri 'none'",
      "form-action 'self'",
      `frame-ancestors ${framedBy}`,
    ].join('; '),
  };
  return (_: Request, response: Response, next: NextFunction): void => {
    response.set(headers);
    next();
  };
}

/** The headers of the ops port. The dashboard works with the admin token, so no other page may show the dashboard in a frame. */
export const opsHeaders = pageHeaders({ framedBy: "'none'" });
