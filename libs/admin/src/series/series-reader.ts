import { Injectable } from '@nestjs/common';
import { HoldfastError } from '#libs/protocol';
import type { SeriesAnswer, SeriesQuery } from './series-schemas.js';

/** Reads the samples of the fleet for charts. */
@Injectable()
export class SeriesReader {
  async read(_query: SeriesQuery): Promise<SeriesAnswer> {
    throw new HoldfastError('unavailable');
  }
}
