import { Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { HoldfastError } from '#libs/protocol';
import { AdminApi } from '../admin-api.decorator.js';
import { AuditLog } from './audit-log.js';
import { ActView, AuditAnswer, AuditQuery } from './audit-schemas.js';

@AdminApi('audit')
export class AuditController {
  constructor(private readonly audit: AuditLog) {}

  @Get()
  @ApiOperation({ summary: 'The acts of operators, newest first: who did what to what, with which note and result. Refused acts too.' })
  @ApiOkResponse({ standardSchema: AuditAnswer })
  async list(@Query({ schema: AuditQuery }) query: AuditQuery): Promise<AuditAnswer> {
    return this.audit.page(query);
  }
}

@AdminApi('acts')
export class ActsController {
  constructor(private readonly audit: AuditLog) {}

  @Get(':id')
  @ApiOperation({ summary: 'One act, with its progress while it runs.' })
  @ApiOkResponse({ standardSchema: ActView })
  async one(@Param('id') id: string): Promise<ActView> {
    const act = await this.audit.read(id);
    if (!act) throw new HoldfastError('not-found', `There is no act ${id}, or it is no longer kept.`);
    return act;
  }
}
