import type { NextFunction, Request, Response } from 'express';

interface PagePolicy {
  /** Where the page's own code may connect to, beside where it came from. */
  readonly connectTo?: readonly string[];
  /** Whose pages may show it in a frame. */
  readonly framedBy: "'self'" | "'none'";
}

/** What a browser is told of every answer: run and fetch nothing from elsewhere, guess no types, tell no other site. */
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

/** Of the ops port: an operator's page has a token in it, and is shown in nobody's frame. */
export const opsHeaders = pageHeaders({ framedBy: "'none'" });
