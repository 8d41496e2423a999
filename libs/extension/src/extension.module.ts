import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { ExtensionExplorer } from './extension-explorer.js';

/** A module with a port that an application may implement must import this module. */
@Module({ imports: [DiscoveryModule], providers: [ExtensionExplorer], exports: [ExtensionExplorer] })
export class ExtensionModule {}
