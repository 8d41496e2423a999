import { Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { AdminApi } from '../admin-api.decorator.js';
import { SeriesReader } from './series-reader.js';
import { SeriesAnswer, SeriesQuery } from './series-schemas.js';

@AdminApi('series')
export class SeriesController {
  constructor(private readonly series: SeriesReader) {}

  @Get()
  @ApiOperation({ summary: 'Load, sessions, commands and pauses over time: an hour in steps of 10 seconds, a day in steps of a minute.' })
  @ApiOkResponse({ standardSchema: SeriesAnswer })
  async read(@Query({ schema: SeriesQuery }) query: SeriesQuery): Promise<SeriesAnswer> {
    return this.series.read(query);
  }
}
